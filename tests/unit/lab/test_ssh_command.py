"""`lab ssh` reaches a host with the lab's own key and known hosts only."""

import os

import pytest
from click.testing import CliRunner

from deeprig.cli.lab import lab
from deeprig.errors import UsageProblem
from deeprig.lab.ssh_command import asked_host, ssh_command
from deeprig.lab.state import LabState


def test_the_command_trusts_nothing_but_the_labs_keys(state):
    command = ssh_command(state, state.hosts[0], "root", ("uptime", "-p"))
    assert command[0] == "ssh"
    assert command[-3:] == ("root@127.0.0.1", "uptime", "-p")
    assert command[command.index("-F") + 1] == "/dev/null"
    assert command[command.index("-p") + 1] == "40001"
    assert "StrictHostKeyChecking=yes" in command
    assert f'UserKnownHostsFile="{state.known_hosts}"' in command


def test_a_lab_without_hosts_is_told(tmp_path):
    with pytest.raises(UsageProblem, match="no host yet"):
        asked_host(LabState(tmp_path), ())


@pytest.fixture
def executed(state, monkeypatch):
    """Run `lab ssh` with arguments; return user, host and command that ssh would get."""
    calls = []
    monkeypatch.setattr("deeprig.lab.api.load", lambda directory: state)
    monkeypatch.setattr(os, "execvp", lambda program, arguments: calls.append(arguments))

    def execute(*arguments):
        result = CliRunner().invoke(lab, ["ssh", *arguments])
        if result.exit_code:
            return result.output
        arguments = calls.pop()
        return arguments[arguments.index("deeprig@127.0.0.1") :][1:]

    return execute


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        ((), ()),
        (("rig1",), ()),
        (("rig1", "ls", "-l"), ("ls", "-l")),
        (("rig1", "--", "ls", "-l"), ("ls", "-l")),
        (("--", "ls", "--all"), ("ls", "--all")),
        (("rig1", "sh", "-c", "x", "--", "y"), ("sh", "-c", "x", "--", "y")),
    ],
)
def test_the_command_may_stand_behind_dashes(executed, arguments, command):
    assert executed(*arguments) == command


def test_an_unknown_host_is_told_with_those_there_are(executed):
    assert "its hosts: rig1" in executed("rig9", "ls")
