"""What came of a file of tests is told as it was; rows of other files stay."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MARK = "<!-- below -->"
TESTS = """
import pytest
def test_passes(): pass
def test_fails(): assert False
def test_skips(): pytest.skip("not here")
@pytest.fixture
def broken(): raise OSError
def test_errs(broken): pass
@pytest.fixture
def leaves():
    yield
    raise OSError
def test_passes_and_leaves_something(leaves): pass
@pytest.mark.parametrize("word", ["a|b"])
def test_with(word): assert False
"""


@pytest.fixture(name="module")
def _module(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "script")
    return importlib.import_module("by_file")


def run(where, text):
    (where / "test_it.py").write_text(text)
    command = [sys.executable, "-m", "pytest", "-q", "--junit-xml=x.xml", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=where, capture_output=True, check=False)
    return where / "x.xml", done.returncode


def test_whatever_did_not_pass_is_named(module, tmp_path):
    row = module.row_of("tests/test_it.py", *run(tmp_path, TESTS), "abc1234")
    assert (row.file, row.commit, row.skipped) == ("tests/test_it.py", "abc1234", 1)
    bad = {"test_fails", "test_errs", "test_passes_and_leaves_something", "test_with[a/b]"}
    assert set(row.not_passed) == bad
    assert row.text.count("|") == 8


def test_what_passed_is_counted(module, tmp_path):
    row = module.row_of("f", *run(tmp_path, "def test_one(): pass\ndef test_two(): pass"), "abc")
    assert (row.passed, row.skipped, row.not_passed) == (2, 0, ())


def test_no_result_is_no_pass(module, tmp_path):
    assert module.row_of("f", tmp_path / "none.xml", -9, "abc").not_passed == (
        "no result: exit -9",
    )
    xml, _ = run(tmp_path, "def test_one(): pass")
    assert module.row_of("f", xml, 2, "abc").not_passed == ("exit 2",)
    assert module.row_of("f", *run(tmp_path, "import nothing_like_it"), "abc").not_passed


def rows(module, *pairs):
    return [module.Row(file, "2026-01-01 10:00", commit, 1, 0, (), 2.4) for file, commit in pairs]


def test_a_row_takes_the_place_of_its_files_older_one_and_others_stay(module):
    page = f"# Title\n\n{MARK}\n"
    page = module.with_rows(page, MARK, rows(module, ("tests/b.py", "old"), ("tests/a.py", "old")))
    page = module.with_rows(page, MARK, rows(module, ("tests/b.py", "new")))
    assert page.startswith(f"# Title\n\n{MARK}\n\n| file | date |")
    assert page.splitlines()[6:] == [
        "| tests/a.py | 2026-01-01 10:00 | old | 1 |  |  | 2 |",
        "| tests/b.py | 2026-01-01 10:00 | new | 1 |  |  | 2 |",
    ]
    with pytest.raises(ValueError, match="no line"):
        module.with_rows("# Title", MARK, [])


@pytest.mark.parametrize("name", ["under_stock", "full_tests"])
def test_the_pages_have_a_place_for_their_tables(module, monkeypatch, name):
    script = importlib.import_module(name)
    assert script.MARK in script.PAGE.read_text(encoding="utf-8")


def test_the_long_tests_are_found_by_their_mark(module):
    files = ("tests/e2e/faults/test_reset.py", "tests/e2e/test_waves.py", "tests/e2e/test_lab.py")
    assert importlib.import_module("full_tests").full_files(*files) == list(files[:2])
