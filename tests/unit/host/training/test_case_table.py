"""The rows of the suite: unique, with known words, and each with its module and thresholds."""

from pathlib import Path

import deeprig_host.training
from deeprig_host.training.case_table import CASES, cases_for
from deeprig_host.training.cases import PROFILES
from deeprig_host.training.framework import SUITE_FRAMEWORKS
from deeprig_host.training.thresholds import THRESHOLDS

from tests.contract.mutations.table import MUTATIONS

PROGRAMS = Path(deeprig_host.training.__file__).parent


def test_names_are_unique_and_words_are_known():
    names = [case.name for case in CASES]
    assert len(names) == len(set(names)) >= 10
    assert {word for case in CASES for word in case.profiles} == set(PROFILES)
    assert {word for case in CASES for word in case.frameworks} <= set(SUITE_FRAMEWORKS)


def _modules(framework, case):
    """The framework's own case, or the shared one with what the framework brings for it."""
    return (
        (f"{framework}/{case}.py",),
        (f"life/{case}.py", f"{framework}/tools.py"),
    )


def test_every_case_has_its_module_in_every_framework():
    missing = [
        (framework, case.name)
        for case in CASES
        for framework in case.frameworks
        if not any(
            all((PROGRAMS / path).is_file() for path in paths)
            for paths in _modules(framework, case.name)
        )
    ]
    assert missing == []


def test_smoke_is_part_of_acceptance():
    for framework in {word for case in CASES for word in case.frameworks}:
        smoke = {case.name for case in cases_for(framework, "smoke")}
        assert smoke <= {case.name for case in cases_for(framework, "acceptance")}


def test_every_threshold_belongs_to_a_case_and_says_what_was_measured():
    assert {one.case for one in THRESHOLDS} <= {case.name for case in CASES}
    assert [one for one in THRESHOLDS if not any(c.isdigit() for c in one.measured)] == []


def test_the_page_tells_every_case_and_threshold():
    page = (Path(__file__).parents[4] / "docs" / "training.md").read_text(encoding="utf-8")
    life = {case.name for case in CASES if case.group == "life"}
    assert {name for name in life if f"| `{name}` |" not in page} == set()
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    missing = [
        one
        for one in THRESHOLDS
        if not any(
            row.startswith(f"| `{one.case}`") and f"| {one.measured} | {one.limit.bound:g} |" in row
            for row in rows
        )
    ]
    assert missing == []


def test_the_page_of_faults_has_each_and_what_noticed_it():
    root = Path(__file__).parents[4]
    page = (root / "docs" / "training-mutations.md").read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| ")]
    told = {(fault, case.strip("`")): noticed for fault, case, noticed in rows[1:]}
    planted = {(one.fault, one.case): one for one in MUTATIONS}
    assert set(told) == set(planted), "run script/mutations_doc.py"
    for row, one in planted.items():
        assert all(name in told[row] for name in one.fails), "run script/mutations_doc.py"
        assert one.says in told[row]
