"""Sessions are forked off one process: what that saves, and that each stands and falls alone."""

import json
import os
import time

import pytest

PASSES = '''
def test_one(host, check):
    """It is well."""
    check("one", True, "seen")
'''
FIVE = [f"rig{number}" for number in range(1, 6)]


def outcomes(document):
    return {
        host["host"]: {check["name"]: check["outcome"] for check in host["checks"]}
        for host in document["hosts"]
    }


def test_the_inventory_is_loaded_once_for_all_hosts(bench, tmp_path):
    count = tmp_path / "count"
    loads = f"with open({str(count)!r}, 'a') as count:\n    count.write('x')\n"
    loaded = []
    for hosts in (["rig1"], FIVE):
        count.write_text("")
        bench.lab.hosts(f"{loads}workstations = {hosts}")
        bench.checks(PASSES)
        found = outcomes(bench.json(code=0))
        assert found == {host: {"one": "pass"} for host in hosts}
        loaded.append(count.read_text())
    assert loaded[0] == loaded[1] != ""


DIES_ON_SECOND = """
import os, signal
def test_one(host, check, declared):
    check("one", True, "seen")
    if declared.name == "rig2":
        os.kill({whom}, signal.SIGKILL)
"""


def test_a_session_that_is_killed_takes_no_other_with_it(bench):
    bench.lab.hosts(f"workstations = {FIVE}")
    bench.checks(DIES_ON_SECOND.format(whom="os.getpid()"))
    found = outcomes(bench.json(code=1))
    assert found.pop("rig2") == {"one": "pass", "the checks ran to their end": "unknown"}
    assert found == {host: {"one": "pass"} for host in FIVE if host != "rig2"}


def test_without_the_process_they_start_from_hosts_are_unknown_and_none_is_passed(bench):
    bench.lab.hosts(f"workstations = {FIVE}")
    bench.checks(DIES_ON_SECOND.format(whom="os.getppid()"))
    document = bench.json("--parallel", "1", code=1)
    found = outcomes(document)
    assert found["rig1"] == found["rig2"] == {"one": "pass"}
    for host in FIVE[2:]:
        assert found[host] == {"the checks ran to their end": "unknown"}
    assert [host["status"] for host in document["hosts"]] == ["passed", "passed", *["failed"] * 3]


def test_a_session_may_say_much_without_waiting_for_a_reader(bench):
    said = "import sys\nsys.stderr.write('much\\n' * 100_000)\nsys.stderr.flush()\n"
    bench.checks(said + PASSES)
    assert outcomes(bench.json(code=0)) == {"rig1": {"one": "pass"}}


@pytest.mark.parametrize(
    ("end", "told"),
    [
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("import os; os._exit(0)", "it ended without a word"),
    ],
)
def test_what_a_session_said_last_is_told_where_it_died(bench, end, told):
    bench.checks(f"{PASSES}\n{end}\n")
    (host,) = bench.json(code=1)["hosts"]
    (check,) = host["checks"]
    assert check["outcome"] == "unknown"
    assert told in check["evidence"]


WAITS = """
import time
def test_waits(host):
    with open({sign!r}, "w") as sign:
        sign.write(str(__import__("os").getpid()))
    {stubborn}
    time.sleep(60)
"""


@pytest.mark.parametrize("stubborn", ["pass", "import signal; signal.signal(signal.SIGTERM, 1)"])
def test_an_interruption_leaves_no_process_and_no_directory(bench, tmp_path, monkeypatch, stubborn):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    sign = tmp_path / "sign"
    bench.checks(WAITS.format(sign=str(sign), stubborn=stubborn))
    code, out, errors = bench.interrupt_when(sign)
    assert code == 130, errors
    assert "Traceback" not in errors
    assert json.loads(out)["hosts"][0]["status"] == "failed"
    until = time.monotonic() + 20
    while _is_there(int(sign.read_text())):
        assert time.monotonic() < until, "the session goes on"
        time.sleep(0.05)
    if stubborn == "pass":  # one that had to be killed could not tidy up
        assert list(temporary.iterdir()) == []


def _is_there(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_signals_of_a_session_are_its_own(bench):
    bench.checks("""
import signal, subprocess
def test_signals(host, check):
    check("its children are waited for", subprocess.run(["false"]).returncode == 1, "")
    for one in (signal.SIGINT, signal.SIGTERM):
        check(f"{one}", callable(signal.getsignal(one)), "")
""")
    bench.json(code=0)
