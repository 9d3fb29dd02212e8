"""A verification's verdict, left on hosts that are watched."""

import json
import time

import pytest

from deeprig.report.model import CheckResult, HostVerification
from deeprig.verify.status import status_text

PASSES = '''
def test_one(check, host):
    """It is well."""
    check("one", True, "seen")
'''
FAILS = PASSES + '\ndef test_two(check, host):\n    check("two", False, "seen")\n'
#: ssh of a unit test: what would be left on the host lands in a file here.
_SSH = """#!/bin/sh
case " $* " in
  *" -O exit "*) exit 0 ;;
  *deeprig/status*) {leave} ;;
esac
for last; do :; done
exec sh -c "$last"
"""


@pytest.fixture
def left(bench, tmp_path):
    """The file that the host keeps; of the role that watches it only the checks are others."""
    bench.lab.write("roles/monitoring/verify.py", PASSES)
    bench.lab.data('ssh_user = "root"\nroles = ["probe", "monitoring"]\n')
    file = tmp_path / "verify.json"
    leaves(bench, f"cat > {file}; exit 0")
    return file


def leaves(bench, command):
    (bench.directory / "bin" / "ssh").write_text(_SSH.format(leave=command))


def test_a_watched_host_keeps_that_it_passed(bench, left):
    bench.checks(PASSES)
    before = int(time.time())
    (host,) = bench.json(code=0)["hosts"]
    told = json.loads(left.read_text())
    assert (told["schema"], told["what"]) == ("deeprig.status/1", "verify")
    assert (told["ok"], told["failed"], told["text"]) == (True, 0, "2 checks")
    assert before <= told["time"] <= time.time()
    assert [check["name"] for check in host["checks"]] == ["one", "one"]


def test_a_watched_host_keeps_what_failed(bench, left):
    bench.checks(FAILS)
    bench.json(code=1)
    told = json.loads(left.read_text())
    assert (told["ok"], told["failed"], told["text"]) == (False, 1, "probe: two")


@pytest.mark.parametrize("narrowed", [("--role", "probe"), ("--skip-role", "probe")])
def test_some_of_its_roles_say_nothing_about_the_host(bench, left, narrowed):
    bench.checks(PASSES)
    bench.json(*narrowed, code=0)
    assert not left.exists()


def test_a_host_that_nobody_watches_keeps_nothing(bench, left):
    bench.lab.data('ssh_user = "root"\nroles = ["probe"]\n')
    bench.checks(PASSES)
    bench.json(code=0)
    assert not left.exists()


def test_a_verdict_that_could_not_be_left_fails_the_host(bench, left):
    leaves(bench, "echo 'cat: No space left on device' >&2; exit 1")
    bench.checks(PASSES)
    (host,) = bench.json(code=1)["hosts"]
    bad = {c["name"]: c["evidence"] for c in host["checks"] if c["outcome"] == "fail"}
    assert list(bad) == ["the result is left on the host"]
    assert "No space left on device" in bad["the result is left on the host"]


def test_of_many_failures_the_first_are_named():
    checks = tuple(CheckResult("rig1", "cuda", f"check {n}", "fail", "x" * 500) for n in range(9))
    told = json.loads(status_text(HostVerification.of_checks("rig1", checks), 7))
    assert told["failed"] == 9
    assert told["text"] == "cuda: check 0; cuda: check 1; cuda: check 2; 6 more"
    assert (told["time"], told["ok"]) == (7, False)
