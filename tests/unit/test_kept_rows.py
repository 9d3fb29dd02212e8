"""Rows that take long to find out are kept for exactly what they depend on."""

import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROW = {"row": "| a fault | `cnn` | accuracy |"}


@pytest.fixture(name="module")
def _module(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "script")
    return importlib.import_module("kept_rows")


def test_a_row_is_there_again_for_the_same_name_and_basis_alone(module, tmp_path):
    kept = module.KeptRows(tmp_path / "rows", "one")
    assert kept.read("a fault") is None
    kept.keep("a fault", ROW)
    assert module.KeptRows(tmp_path / "rows", "one").read("a fault") == ROW
    assert kept.read("another fault") is None
    assert module.KeptRows(tmp_path / "rows", "two").read("a fault") is None


def test_a_file_that_holds_no_row_is_said_with_its_place(module, tmp_path):
    kept = module.KeptRows(tmp_path, "one")
    kept.keep("a fault", ROW)
    (file,) = tmp_path.iterdir()
    file.write_text("[]", encoding="utf-8")
    with pytest.raises(ValueError, match=r"holds no row: delete it"):
        kept.read("a fault")


def test_the_basis_is_of_what_files_say_and_of_more(module, tmp_path):
    file = tmp_path / "cnn.py"
    file.write_text("one", encoding="utf-8")
    before = module.basis_of([file], "torch==2.13.0")
    assert module.basis_of([file], "torch==2.13.0") == before
    assert module.basis_of([file], "torch==2.13.1") != before
    file.write_text("two", encoding="utf-8")
    assert module.basis_of([file], "torch==2.13.0") != before
