"""Every combination of host results, and the exit code it gets."""

from itertools import chain, combinations

import pytest

from deeprig.errors import ExitCode
from deeprig.report import exit_codes
from deeprig.report.model import HostRun, HostVerification
from tests.unit.report import samples

STATUSES = ("ok", "failed", "refused", "unreachable", "interrupted")
#: The first that is among the hosts' results decides.
PRECEDENCE = (
    ("interrupted", ExitCode.INTERRUPTED),
    ("failed", ExitCode.FAILED),
    ("refused", ExitCode.BAD_USAGE),
    ("unreachable", ExitCode.UNREACHABLE),
)


def _subsets(items):
    return [*chain.from_iterable(combinations(items, n) for n in range(1, len(items) + 1))]


def _first(statuses, otherwise):
    return next((code for status, code in PRECEDENCE if status in statuses), otherwise)


def _report(command, statuses, pending):
    operation = samples.operation("would change" if pending else "unchanged")
    hosts = [HostRun(f"rig-{status}", status, operations=(operation,)) for status in statuses]
    return samples.run_report(*hosts, command=command)


@pytest.mark.parametrize("detailed", [False, True])
@pytest.mark.parametrize("pending", [False, True])
@pytest.mark.parametrize("command", ["plan", "apply"])
@pytest.mark.parametrize("statuses", _subsets(STATUSES), ids="+".join)
def test_runs(statuses, command, pending, detailed):
    is_pending = command == "plan" and pending and detailed
    good = ExitCode.CHANGES_PENDING if is_pending else ExitCode.GOOD
    for order in (statuses, statuses[::-1]):
        code = exit_codes.of_run(_report(command, order, pending), detailed_exitcode=detailed)
        assert code == _first(statuses, good)


def test_the_numbers_are_those_of_the_documentation():
    assert exit_codes.of_run(_report("apply", ("ok",), pending=False)) == 0
    assert exit_codes.of_run(_report("apply", ("failed", "unreachable"), pending=False)) == 1
    assert exit_codes.of_run(_report("apply", ("unreachable", "ok"), pending=False)) == 3
    assert exit_codes.of_run(_report("plan", ("ok",), pending=True), detailed_exitcode=True) == 4
    assert exit_codes.of_run(_report("plan", ("ok",), pending=True)) == 0
    assert exit_codes.of_run(_report("apply", STATUSES, pending=True)) == 130


@pytest.mark.parametrize(
    ("statuses", "code"),
    [
        (("passed",), 0),
        (("failed",), 1),
        (("unreachable",), 3),
        (("passed", "failed"), 1),
        (("passed", "unreachable"), 3),
        (("unreachable", "failed"), 1),
        (("passed", "unreachable", "failed"), 1),
        ((), 1),
    ],
)
def test_verifications(statuses, code):
    checks = (samples.check("pass"),)
    hosts = [HostVerification(f"rig-{status}", status, checks=checks) for status in statuses]
    assert exit_codes.of_verification(samples.verify_report(*hosts)) == code
