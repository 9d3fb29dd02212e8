"""What JAX is told of where compiled programs are kept."""

import os

import pytest
from deeprig_host.training.compiled import keep_compiled

PLACE = "JAX_COMPILATION_CACHE_DIR"
NAMES = (
    PLACE,
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS",
    "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES",
    "JAX_THREEFRY_PARTITIONABLE",
)


@pytest.fixture(autouse=True)
def _unset(monkeypatch):
    for name in NAMES:
        monkeypatch.setenv(name, "")  # what was there before, even nothing, comes back
        monkeypatch.delenv(name)


def told():
    return [os.environ.get(name) for name in NAMES]


@pytest.mark.parametrize(("framework", "backend"), [("jax", None), ("keras", "jax")])
def test_jax_keeps_what_it_compiled_in_the_runs_own_directory(tmp_path, framework, backend):
    keep_compiled(framework, backend, tmp_path)
    assert told() == [str(tmp_path / "xla-cache"), "0", "-1", "0"]


@pytest.mark.parametrize(("framework", "backend"), [("pytorch", None), ("keras", "torch")])
def test_nobody_else_is_told_anything(tmp_path, framework, backend):
    keep_compiled(framework, backend, tmp_path)
    assert told() == [None] * len(NAMES)


def test_a_place_that_the_user_chose_stays(tmp_path):
    os.environ[PLACE] = "/chosen"
    keep_compiled("jax", None, tmp_path)
    assert os.environ[PLACE] == "/chosen"
