"""``deeprig cooling curve``: which host, which file, what is told where it cannot draw."""

from __future__ import annotations

import subprocess

import pytest
from click.testing import CliRunner

from deeprig.cli import cli
from deeprig.cooling import fetch
from tests.unit.cooling.samples import UUIDS

HISTORY = f"""time,uuid,temperature_c,memory_c,fan_percent,fan_rpm,power_w,load_percent
1000,{UUIDS[0]},61,,56,1700,300.5,99
1600,{UUIDS[0]},64,,58,1750,300.5,99
"""
STATUS = f'{{"gpus": [{{"uuid": "{UUIDS[0]}", "index": 0, "name": "NVIDIA X", "slowdown_c": 93}}]}}'
TWO = """workstations = [
    ("ada", {"ssh_hostname": "192.0.2.1"}),
    ("grace", {"ssh_hostname": "192.0.2.2", "roles": ["base"]}),
]"""


@pytest.fixture
def draw(lab):
    """Run the command on a lab's inventory."""

    def run(*arguments):
        return CliRunner().invoke(
            cli, ["cooling", "curve", "-i", str(lab.inventory), *arguments], terminal_width=80
        )

    return run


def answers(monkeypatch, code=0, out="", err=""):
    """Have ssh answer so; return the commands that were run."""
    commands = []

    def run(command, **_options):
        commands.append(command)
        return subprocess.CompletedProcess(command, code, out, err)

    monkeypatch.setattr(fetch.subprocess, "run", run)
    return commands


def test_a_file_is_drawn_and_nobody_contacted(draw, lab, monkeypatch):
    commands = answers(monkeypatch)
    file = lab.write("history.csv", HISTORY)
    svg = lab.directory / "picture.svg"
    lab.data("cooling = {'target_c': 66}")
    done = draw("--history", str(file), "--svg", str(svg))
    assert done.exit_code == 0, done.output
    assert "Cooling of rig1" in done.output
    assert "target 66" in done.output
    assert "61 to 64" in done.output
    assert svg.read_text().startswith("<svg")
    assert commands == []


def test_a_file_needs_no_inventory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "history.csv").write_text(HISTORY)
    done = CliRunner().invoke(cli, ["cooling", "curve", "--history", "history.csv"])
    assert done.exit_code == 0, done.output
    assert "Cooling of history.csv" in done.output
    assert "declared" not in done.output


def test_a_host_is_asked_over_ssh(draw, monkeypatch):
    text = f"@@deeprig:now\n1600\n@@deeprig:status\n{STATUS}\n\n@@deeprig:history\n{HISTORY}"
    commands = answers(monkeypatch, out=text)
    done = draw("--hours", "1")
    assert done.exit_code == 0, done.output
    assert "1 x X; 1 h until" in done.output
    assert "cards slow down at 93" in done.output
    (command,) = commands
    assert command[0] == "ssh"
    assert command[-2] == "rig1"
    assert command[-1].endswith(" 3600")


@pytest.mark.parametrize(
    ("code", "out", "err", "exit_code", "words"),
    [
        (255, "", "ssh: connect to host 192.0.2.1 port 22: No route to host", 3, "No route"),
        (1, "", "sh: awk: not found", 1, "awk: not found"),
        (0, "welcome", "", 1, "welcome"),
    ],
)
def test_a_host_that_tells_nothing_is_told(draw, monkeypatch, code, out, err, exit_code, words):
    answers(monkeypatch, code, out, err)
    done = draw()
    assert done.exit_code == exit_code
    assert words in done.output
    assert "Traceback" not in done.output


def test_a_host_that_has_recorded_nothing_shows_its_curve(draw, monkeypatch):
    answers(monkeypatch, out="@@deeprig:now\n1600\n@@deeprig:status\n\n@@deeprig:history\n")
    done = draw()
    assert done.exit_code == 0
    assert "nothing was recorded in the last 6 h" in done.output
    assert "declared" in done.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "has 2 hosts: say which one"),
        (("--host", "grace"), "grace does not have the role cooling"),
        (("--host", "lovelace"), "names no host 'lovelace'"),
        (("--host", "ada", "--hours", "0"), "--hours"),
        (("--host", "ada", "--hours", "nan"), "no number of hours"),
        (("--host", "ada", "--history", "nowhere.csv"), "No such file"),
        (("--host", "ada", "--svg", "/nowhere/picture.svg"), "/nowhere"),
    ],
)
def test_bad_usage_is_told_and_exits_with_2(draw, lab, monkeypatch, arguments, words):
    commands = answers(monkeypatch)
    lab.hosts(TWO)
    done = draw(*arguments)
    assert done.exit_code == 2, done.output
    assert words in done.output
    assert commands == []
