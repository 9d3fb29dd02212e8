"""The check of the host's environment: good, damaged, and too damaged to say so."""

import json
from types import SimpleNamespace

import pytest

from deeprig.verify.checks import Checks
from deeprig.verify.host_environment import check_host_environment

WHOLE = json.dumps({"outcome": "good", "current": "abc", "python": "3.11"})
DAMAGED = json.dumps({"outcome": "failed", "reason": "not whole", "evidence": ["a.py is missing"]})


@pytest.mark.parametrize(
    ("code", "out", "errors", "outcome", "evidence"),
    [
        (0, WHOLE, "", "pass", "environment abc of Python 3.11"),
        (1, DAMAGED, "", "fail", "not whole; a.py is missing"),
        (1, "", "Traceback\nModuleNotFoundError: no json", "fail", "ModuleNotFoundError: no json"),
        (127, "", "not found", "fail", "not found"),
        (0, "", "", "fail", "it said nothing"),
    ],
)
def test_the_check_is_good_only_for_a_whole_environment(code, out, errors, outcome, evidence):
    answer = SimpleNamespace(rc=code, stdout=out, stderr=errors)
    checks = Checks()
    check_host_environment(SimpleNamespace(run=lambda command: answer), checks)
    (recorded,) = checks.recorded
    assert (recorded.outcome, recorded.evidence) == (outcome, evidence)
