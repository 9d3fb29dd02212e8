"""The real wheels, through the real pip, in an environment of each Python that is here."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from deeprig.host_programs import build_archive
from deeprig.wheels.build import build_wheel
from deeprig.wheels.download import fetch_wheel
from deeprig.wheels.lock import read_lock

HOST = Path(__file__).parents[2] / "host"
MODULES = ("deeprig_host", "psutil", "prometheus_client", "pynvml")
#: Pythons of hosts: Ubuntu 22.04, Debian 12, Ubuntu 24.04, Debian 13, Ubuntu 26.04.
VERSIONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
#: What the provisioned environment has, and the host's own may lack.
FRAMEWORKS = ("torch", "numpy", "sklearn", "tensorflow", "keras", "jax", "optax")
_IMPORT_ALL = f"""
import importlib, json, pkgutil, deeprig_host
failed = {{}}
for found in pkgutil.walk_packages(deeprig_host.__path__, "deeprig_host."):
    try:
        importlib.import_module(found.name)
    except ModuleNotFoundError as error:
        if error.name not in {FRAMEWORKS!r}:
            raise
        failed[found.name] = error.name
print(json.dumps(failed))
"""


def python_of(version):
    """A Python of this version; skips the test where there is none."""
    kept = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv", "versions")
    found = [
        *(shutil.which(f"python{version}", path=p) for p in ("/usr/bin", "/usr/local/bin")),
        *(str(path / f"bin/python{version}") for path in kept.glob(f"{version}.*")),
    ]
    pythons = [path for path in found if path and Path(path).exists()]
    if f"{sys.version_info.major}.{sys.version_info.minor}" == version:
        pythons.append(sys.executable)
    if not pythons:
        pytest.skip(f"no Python {version} here")
    return pythons[0]


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    """The wheels of an x86-64 host by digest, fetched anew."""
    cache = tmp_path_factory.mktemp("cache")
    needed = read_lock(HOST / "requirements.lock", "x86_64")
    found = {w.sha256: fetch_wheel(w, "x86_64", cache).read_bytes() for w in needed}
    own = build_wheel(HOST, needed)
    return found | {hashlib.sha256(own).hexdigest(): own}


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    path = tmp_path_factory.mktemp("archive") / "host.pyz"
    path.write_bytes(build_archive(HOST, "environment"))
    return path


def test_pip_fetches_every_locked_wheel_of_the_other_machine_too(tmp_path):
    for wheel in read_lock(HOST / "requirements.lock", "aarch64"):
        assert hashlib.sha256(fetch_wheel(wheel, "aarch64", tmp_path).read_bytes()).hexdigest()
    names = [path.name for path in tmp_path.glob("*.whl")]
    assert len(names) == 3
    assert any("aarch64" in name for name in names)
    # Nothing is for one Python only.
    assert all("abi3" in name or "py3-none-any" in name for name in names)


def test_pip_takes_our_wheel_for_one(wheels, tmp_path):
    own = wheels[next(reversed(wheels))]
    file = tmp_path / "deeprig_host-0.1.0-py3-none-any.whl"
    file.write_bytes(own)
    target = tmp_path / "target"
    words = ("install", "--quiet", "--no-index", "--no-deps", "--target", str(target), str(file))
    subprocess.run((sys.executable, "-m", "pip", *words), check=True)
    assert (target / "deeprig_host/machine/durable.py").is_file()


def run(python, archive, root, command, order):
    words = (python, str(archive), "environment", "--root", str(root), command, "--order", order)
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def stored(root, wheels):
    store = root / "opt/deeprig/wheels"
    store.mkdir(parents=True, exist_ok=True)
    for sha256, content in wheels.items():
        (store / f"{sha256}.whl").write_bytes(content)
    return json.dumps({"wheels": list(wheels), "modules": MODULES})


@pytest.mark.parametrize("version", VERSIONS)
def test_the_environment_works_on_this_python(version, wheels, archive, tmp_path):
    python = python_of(version)
    order = stored(tmp_path, wheels)
    run(python, archive, tmp_path, "make", order)
    own = str(tmp_path / "opt/deeprig/environment/bin/python")
    done = subprocess.run(
        (own, "-I", "-c", _IMPORT_ALL), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    without = json.loads(done.stdout)
    # Only the training tests need a framework, and only those that use it.
    assert all(name.startswith("deeprig_host.training.") for name in without), without
    assert run(python, archive, tmp_path, "observe", order)["reasons"] == []


def test_after_an_upgrade_of_python_it_is_made_anew_and_the_old_one_kept(wheels, archive, tmp_path):
    older, newer = python_of("3.11"), python_of("3.12")
    order = stored(tmp_path, wheels)
    first = run(older, archive, tmp_path, "make", order)["current"]
    seen = run(newer, archive, tmp_path, "observe", order)
    assert "another Python than this host's 3.12" in seen["reasons"][0]
    second = run(newer, archive, tmp_path, "make", order)["current"]
    assert {p.name for p in (tmp_path / "opt/deeprig/environments").iterdir()} == {first, second}
    own = str(tmp_path / "opt/deeprig/environment/bin/python")
    told = subprocess.run((own, "-V"), capture_output=True, text=True, check=True).stdout
    assert told.startswith("Python 3.12")
