"""The controller or its connection is lost: the host ends what it does, the next run goes on."""

from __future__ import annotations

import signal

import pytest

from tests.e2e.faults import rows
from tests.e2e.faults.cut_points import CutPoint, wait_for
from tests.e2e.faults.fault_lab import FURTHER, HOST
from tests.e2e.faults.rows import Row
from tests.e2e.faults.verbose_run import VerboseRun

_IN_APT = CutPoint("dpkg", 0.5)
_SESSIONS = "^sshd: deeprig"
_HOLD = """echo '
import fcntl, time
lock = open("/var/lib/dpkg/lock-frontend", "w")
fcntl.lockf(lock, fcntl.LOCK_EX)
open("/run/held", "w").close()
time.sleep(600)
' > /run/hold.py
setsid python3 /run/hold.py >/dev/null 2>&1 </dev/null & echo $! > /run/holder
"""
#: A Ctrl-C or an ordinary end lets the operation under way finish.
_SIGNALS = {
    "SIGKILL": (signal.SIGKILL, -9, "the work under way goes on without it"),
    "SIGTERM": (signal.SIGTERM, 130, "the operation under way ends, no other starts"),
    "SIGINT": (signal.SIGINT, 130, "the operation under way ends, no other starts"),
}


def cut_ssh(lab):
    """End the run's sessions on the host; the listener, and root's sessions, stay."""
    lab.root(f"pkill -KILL -f '{_SESSIONS}'")


def ended(lab, run, fault, code, told):
    """Wait for the run's end, look, run again, and add the row."""
    assert run.process.wait(timeout=180) == code, run.told()
    assert "Traceback" not in run.told(), run.told()
    assert code != 3 or f"[{HOST}] unreachable" in run.told(), run.told()
    lab.root("true")
    # Whether dpkg is still at work at this moment differs from run to run.
    shown = "killed" if code < 0 else str(code)
    rows.record(lab, Row(fault, "", shown, told, "answers", ""))


@pytest.mark.parametrize("role", ["base", "conda", "maintenance"])
@pytest.mark.full
def test_ssh_that_is_cut_where_a_role_begins(stock, role):
    run = VerboseRun(stock)
    run.wait_for(f"[{HOST}] {role}: ")
    cut_ssh(stock)
    ended(stock, run, f"SSH cut as {role} begins", 3, "unreachable")


def test_ssh_that_is_cut_inside_an_apt_transaction(stock, whole):
    run = VerboseRun(stock)
    wait_for(_IN_APT, whole, run.done, run.process)
    cut_ssh(stock)
    ended(stock, run, "SSH cut inside an apt transaction", 3, "unreachable")


@pytest.mark.parametrize("name", _SIGNALS)
@pytest.mark.full
def test_a_controller_that_is_ended_inside_an_apt_transaction(stock, whole, name):
    number, code, told = _SIGNALS[name]
    run = VerboseRun(stock)
    wait_for(_IN_APT, whole, run.done, run.process)
    run.process.send_signal(number)
    ended(stock, run, f"controller ended by {name} inside an apt transaction", code, told)


def test_a_package_system_that_somebody_holds(faulty):
    faulty.start_settled()
    faulty.root(_HOLD)
    faulty.wait_for("test -e /run/held")
    apt = {"mirror": faulty.servers.archive_url, "components": ["main"]}
    faulty.declare(FURTHER, apt=apt | {"lock_timeout_seconds": 1})
    told = rows.told(faulty.json("apply", code=1), "is still held")
    row = Row("dpkg lock held", "", "1", told, rows.state_of(faulty), "")
    faulty.root("kill $(cat /run/holder)")
    faulty.declare(FURTHER)
    rows.record(faulty, row)


@pytest.mark.full
def test_a_second_controller_is_refused_and_changes_nothing(stock):
    """The first is in the middle of a slow download while the second comes."""
    stock.servers.fault("slow", "*.deb")
    first = stock.start()
    stock.wait_for("ls /var/cache/apt/archives/partial/*.deb")
    told = rows.told(stock.json("apply", code=1), "another deeprig is changing this host")
    stock.servers.release()
    out, errors = first.communicate(timeout=600)
    assert first.returncode == 0, out + errors
    rows.record(stock, Row("two controllers at once", "", "1", told, rows.state_of(stock), ""))
