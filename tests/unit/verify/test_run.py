"""``deeprig verify`` as a whole: facts, interruption, crashes, masking, unreachable hosts."""

import json
import platform
from dataclasses import fields

import pytest

from deeprig.facts import HostFacts

PASSES = '''
def test_one(host, check):
    """It is well."""
    check("one", True, "seen")
'''
WAITS = """
def test_one(host, check):
    check("one", True, "seen")

def test_waits(host):
    host.run("touch {sign}; sleep 30")
"""


def only_host(document):
    (host,) = document["hosts"]
    return host


def test_a_host_whose_checks_pass_is_passed_and_says_what_it_is(bench):
    bench.checks(PASSES)
    host = only_host(bench.json(code=0))
    assert host["status"] == "passed"
    assert host["checks"][0]["name"] == "one"
    assert host["facts"]["kernel"] == platform.release()
    assert set(host["facts"]) == {field.name for field in fields(HostFacts)}


def test_what_is_declared_of_gpus_is_told_with_the_verdict(bench):
    bench.checks(PASSES)
    assert only_host(bench.json(code=0))["gpu_count"] is None
    bench.lab.data('ssh_user = "root"\nroles = ["probe"]\ngpu_count = 2\n')
    assert only_host(bench.json(code=0))["gpu_count"] == 2


def test_an_interrupted_host_is_not_passed_though_what_finished_passed(bench, tmp_path):
    sign = tmp_path / "sign"
    bench.checks(WAITS.format(sign=sign))
    code, out, errors = bench.interrupt_when(sign)
    assert code == 130, errors
    document = json.loads(out)
    assert document["exit_code"] == 130
    host = only_host(document)
    assert host["status"] == "failed"
    outcomes = {check["name"]: check["outcome"] for check in host["checks"]}
    assert outcomes["one"] == "pass"
    assert outcomes["the checks ran to their end"] == "unknown"


def test_an_interruption_ends_all_hosts_also_those_that_wait_for_their_turn(bench, tmp_path):
    sign = tmp_path / "sign"
    bench.lab.hosts(f"workstations = {[f'rig{n}' for n in range(1, 5)]}")
    bench.checks(WAITS.format(sign=sign))
    code, out, errors = bench.interrupt_when(sign, "--parallel", "1")
    assert code == 130, errors
    hosts = json.loads(out)["hosts"]
    assert [host["host"] for host in hosts] == ["rig1", "rig2", "rig3", "rig4"]
    assert {host["status"] for host in hosts} == {"failed"}
    for host in hosts[1:]:
        (check,) = host["checks"]
        assert check["outcome"] == "unknown"
        assert "after 0 finished checks" in check["evidence"]


def test_a_session_that_dies_leaves_an_unknown_check_and_no_secret_of_a_role(bench):
    bench.lab.write(
        "roles/probe/__init__.py",
        (bench.lab.directory / "roles/probe/__init__.py")
        .read_text()
        .replace("settings=RoleSettings", "settings=Settings")
        .replace(
            "@deploy",
            "from pydantic import SecretStr\n"
            'class Settings(RoleSettings):\n    word: SecretStr = SecretStr("hunter2hunter2")\n\n'
            "@deploy",
        ),
    )
    bench.checks(PASSES + "\nimport sys, os\nsys.stderr.write('hunter2hunter2')\nos._exit(7)\n")
    host = only_host(bench.json(code=1))
    (check,) = host["checks"]
    assert (check["name"], check["outcome"]) == ("the checks ran to their end", "unknown")
    assert "hunter2hunter2" not in json.dumps(host)


def test_a_host_that_does_not_answer_is_unreachable(bench):
    bench.lab.hosts('workstations = ["down"]')
    bench.checks(PASSES)
    host = only_host(bench.json(code=3))
    assert host["status"] == "unreachable"
    assert "No route to host" in host["reason"]
    assert host["facts"] == {}


def test_a_host_whose_facts_cannot_be_read_is_unknown_not_passed(bench):
    bench.lab.hosts('workstations = ["odd"]')
    bench.checks(PASSES)
    host = only_host(bench.json(code=1))
    assert (host["status"], host["facts"]) == ("failed", {})
    (check,) = host["checks"]
    assert check["outcome"] == "unknown"
    assert "facts cannot be read" in check["evidence"]


@pytest.mark.parametrize("where", ["/nonexistent/out.xml", "."])
def test_a_junit_file_that_cannot_be_written_is_told_before_any_check(bench, tmp_path, where):
    sign = tmp_path / "sign"
    bench.checks(f"def test_one(host):\n    host.run('touch {sign}')\n")
    done = bench.run("--junit", where, code=2)
    assert "it cannot be written" in done.stderr
    assert done.stdout == ""
    assert not sign.exists(), "the checks ran although their result could not be kept"


def test_a_junit_file_is_written_and_an_older_one_survives_a_run_that_never_began(bench, tmp_path):
    target = tmp_path / "out.xml"
    target.write_text("older")
    bench.checks(PASSES)
    bench.run("--junit", str(target), "--limit", "no-such-host", code=2)
    assert target.read_text() == "older"
    bench.run("--junit", str(target), code=0)
    assert 'name="deeprig verify"' in target.read_text()
    new = tmp_path / "new.xml"
    bench.run("--junit", str(new), "--limit", "no-such-host", code=2)
    assert not new.exists()


def test_the_table_is_shown_though_the_report_cannot_be_stored(bench):
    bench.checks(PASSES)
    (bench.lab.directory / "reports").write_text("a file, no directory")
    done = bench.run(code=1)
    assert "1 of 1 host passed" in done.stdout
    assert done.stderr.count("deeprig: ") == 1
    assert "the report cannot be stored" in done.stderr


def test_the_report_is_stored_though_the_output_is_full(bench):
    bench.checks(PASSES)
    for form in ((), ("--json",)):
        with open("/dev/full", "w") as full:  # noqa: PTH123 - a device
            done = bench.run(*form, code=1, stdout=full)
        assert "the report cannot be printed: No space left on device" in done.stderr
    assert len(bench.reports()) == 2


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_the_report_is_stored_though_nobody_reads_the_output(bench, form):
    bench.checks(PASSES)
    process = bench.start(*form)
    process.stdout.close()
    errors = process.stderr.read()
    assert process.wait(timeout=120) == 0, errors
    process.stderr.close()
    assert "Traceback" not in errors
    assert len(bench.reports()) == 1


def test_a_run_goes_on_though_nobody_reads_its_progress(bench):
    """As in `deeprig verify 2>&1 | head -1`: what is under way is not left half done."""
    bench.checks(PASSES)
    process = bench.start()
    process.stderr.close()
    out = process.stdout.read()
    assert process.wait(timeout=120) == 0
    process.stdout.close()
    assert "1 of 1 host passed" in out
    assert len(bench.reports()) == 1
