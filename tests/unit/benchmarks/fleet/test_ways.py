"""How the ways are started, and shown."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.fleet import ways
from benchmarks.fleet.bench import problem_of, shown_command
from benchmarks.fleet.desk import Desk
from benchmarks.fleet.measuring import Measured
from benchmarks.fleet.workstation import floor_script
from deeprig.lab.state import LabHost, LabState

HOSTS = (
    LabHost("rig1", "debian12", "10.213.0.11", 40001),
    LabHost("rig2", "debian12", "10.213.0.12", 40002),
)


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path, LabState(tmp_path / "lab"), tmp_path / "s")


def _measured(code, output="", errors=""):
    return Measured(code, 1.0, 0.5, None, None, output, errors, 0.0, 0.1)


def test_every_tool_finds_the_same_hosts_user_and_keys(desk):
    desk.write_inventories("n2", HOSTS)
    pyinfra = (desk.directory / "pyinfra-n2.py").read_text()
    ansible = (desk.directory / "ansible-n2.ini").read_text()
    own = (desk.directory / "workstation/inventory/n2.py").read_text()
    for host in HOSTS:
        assert all(host.address in text for text in (pyinfra, ansible, own))
    assert all(str(desk.known_hosts) in text for text in (pyinfra, ansible))
    assert "forks = 2\n" in (desk.directory / "ansible-n2.cfg").read_text()


def test_a_script_runs_on_all_hosts_at_once_and_one_that_fails_is_told(desk, monkeypatch):
    # In place of ssh: a program that fails on the second host.
    (desk.directory / "ssh").write_text(
        '#!/bin/sh\ncat > /dev/null\ncase "$*" in *.12*) exit 9;; esac'
    )
    (desk.directory / "ssh").chmod(0o755)
    (desk.directory / "floor.sh").write_text("true")
    monkeypatch.setenv("PATH", f"{desk.directory}:/usr/bin:/bin")
    fresh, _ = ways.floors("floor")
    codes = [
        subprocess.run(fresh.command(desk, "n", hosts), check=False).returncode
        for hosts in (HOSTS[:1], HOSTS)
    ]
    assert codes == [0, 1]


def test_a_command_is_shown_as_a_person_reads_it(desk):
    floor, _ = ways.floors("floor")
    own = ways.deeprig("workstation", "line", frozenset())
    shown = shown_command(floor, desk, "n2", HOSTS)
    assert shown.startswith("ssh -F /dev/null")
    assert shown.endswith("deeprig@10.213.0.11 'sudo sh -s' < floor.sh")
    assert str(desk.directory) not in shown
    assert shown_command(own, desk, "n2", HOSTS) == (
        "DEEPRIG_TRANSPORT=line python -m deeprig apply --json -i workstation/inventory/n2.py"
    )
    assert own.command(desk, "n2", HOSTS)[0] == sys.executable


def test_a_way_starts_without_what_our_own_shell_says_to_python_and_deeprig(desk, monkeypatch):
    for name in ("PYTHONDONTWRITEBYTECODE", "DEEPRIG_TRANSPORT"):
        monkeypatch.setenv(name, "1")
    own = ways.deeprig("workstation", "", frozenset()).environment_for(desk, "n1")
    line = ways.deeprig("workstation", "line", frozenset()).environment_for(desk, "n1")
    assert {"PYTHONDONTWRITEBYTECODE", "DEEPRIG_TRANSPORT"}.isdisjoint(own)
    assert line["DEEPRIG_TRANSPORT"] == "line"
    assert own["PYTHONPATH"] == str(ways.ROOT)


def test_pyinfra_is_read_where_it_tells():
    total = "Grand total  46  -  -  46"
    way = ways.pyinfra(Path())
    assert problem_of(way, _measured(0, errors=total), 1, may_change=False) is None
    assert problem_of(way, _measured(0, output=total), 1, may_change=False) == "no total: "
    assert problem_of(way, _measured(1, errors=total), 1, may_change=False) == f"exit 1: {total}"


def test_the_workstations_floor_tests_what_was_found_on_the_host():
    def on_host(script):
        if "showmanual" in script:
            return "git\nhtop\n"
        if "is-enabled" in script:
            return "a.service enabled active\nb.service enabled inactive\n"
        return "/etc/motd.d/deeprig\n" if script.startswith("cat ") else "abc  /etc/pip.conf\n"

    text = floor_script(on_host)
    assert "git htop" in text
    assert "\nabc  /etc/pip.conf\nTEXT\n" in text
    assert "is-active a.service |" in text  # b.service is not meant to be active
    assert 'grep -lwF "$(hostname)" /etc/motd.d/deeprig | wc -l)" = 1' in text
    done = subprocess.run(["sh", "-n"], input=text, text=True, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
