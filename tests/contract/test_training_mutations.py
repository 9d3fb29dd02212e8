"""Faults that are planted in training; each must fail the case that is there to notice it."""

import pytest

from tests.contract.mutations.bench import HOST, Bench
from tests.contract.mutations.shared_table import OF_FRAMEWORK, SHARED
from tests.contract.mutations.table import MUTATIONS

_ALL = (*MUTATIONS, *SHARED, *(one for table in OF_FRAMEWORK.values() for one in table))


@pytest.fixture(scope="module")
def bench(torch_python, tmp_path_factory):
    """Runs suites, with faults, in one process."""
    found = Bench(torch_python, tmp_path_factory.mktemp("mutations"))
    yield found
    found.end()


def _rows():
    for mutation in MUTATIONS:
        marks = () if mutation.is_quick else (pytest.mark.full,)
        yield pytest.param(mutation, id=f"{mutation.case}: {mutation.fault}", marks=marks)


@pytest.mark.parametrize("mutation", _ALL, ids=lambda one: f"{one.case}: {one.fault}")
def test_a_fault_still_fits_the_source(mutation):
    """Most are planted in full runs alone: source that moves away from one is seen here."""
    texts = [(HOST / "deeprig_host/training" / file).read_text() for file, _, _ in mutation.edits]
    assert [text.count(old) for text, (_, old, _) in zip(texts, mutation.edits, strict=True)] == [
        1 for _ in mutation.edits
    ]


@pytest.mark.parametrize("mutation", tuple(_rows()))
def test_a_planted_fault_fails_its_case(bench, mutation):
    answer = bench.run(
        "--profile", "acceptance", "--device", "cpu", "--case", mutation.case, edits=mutation.edits
    )
    case = answer.case(mutation.case)
    assert (answer.code, answer.document["outcome"], case["outcome"]) == (1, "fail", "fail"), case
    assert answer.failed_checks(mutation.case) >= mutation.fails, case["reason"]
    assert mutation.says in case["reason"]
    assert mutation.fails or mutation.says
