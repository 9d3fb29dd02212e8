"""`deeprig backup` on the command line: who is asked, what is refused, and what is printed."""

import json
import os

import pytest
from click.testing import CliRunner

from deeprig.cli import cli
from tests.unit.backup.asked import RUNS, document
from tests.unit.report.small_documents import mistakes

HOSTS = """workstations = [
    ("rig1", {"ssh_hostname": "192.0.2.1", "ssh_user": "root"}),
    ("rig2", {"ssh_hostname": "192.0.2.2", "ssh_user": "root"}),
    ("other", {"ssh_hostname": "192.0.2.4", "roles": ["base"]}),
]
bare = [("plain", {"ssh_hostname": "192.0.2.3"})]
"""
DATA = """backup = {"repositories": {"disk": {"url": "/srv/disk", "password": "hush-of-the-test"}}}
"""


@pytest.fixture
def call(lab, tmp_path, monkeypatch):
    """Runs a command with a stand-in for ssh (simulated); the hosts it asked are noted."""
    lab.hosts(HOSTS)
    lab.data(DATA, "workstations")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    asked = tmp_path / "asked"

    def run(*words, answer=None, code=0):
        text = json.dumps(answer or document(repositories={}))
        script = (
            f"#!/bin/sh\nfor last; do before=$word word=$last; done\necho $before >>{asked}\n"
            f'printf "%s\\n" "$word" >>{asked}-words\n'
            f"echo '{RUNS}' >&2\necho '{text}'\nexit {code}\n"
        )
        (tmp_path / "ssh").write_text(script)
        (tmp_path / "ssh").chmod(0o755)
        asked.write_text("")
        done = CliRunner().invoke(cli, ["backup", *words, "-i", str(lab.inventory)])
        return done, sorted(asked.read_text().split())

    return run


def test_only_hosts_that_declare_a_repository_are_asked(call):
    done, asked = call("status")
    assert (done.exit_code, asked) == (0, ["rig1", "rig2"])
    done, asked = call("now", "--limit", "rig2")
    assert (done.exit_code, asked) == (0, ["rig2"])


def test_that_less_is_meant_reaches_the_host_only_where_it_is_said(call, tmp_path):
    for words, is_said in (("--accept-less",), True), ((), False):
        (tmp_path / "asked-words").unlink(missing_ok=True)
        assert call("now", "--limit", "rig1", *words)[1] == ["rig1"]
        told = (tmp_path / "asked-words").read_text()
        assert (" begin run" in told, "--accept-less" in told) == (True, is_said)


@pytest.mark.parametrize("name", ["plain", "other"])
def test_hosts_without_backups_are_no_success(call, name):
    done, asked = call("status", "--limit", name)
    assert (done.exit_code, asked) == (2, [])
    assert "no selected host is backed up" in done.stderr


def test_a_restore_is_of_one_host_that_is_named_whole(call):
    done, asked = call("restore", "rig1", "/home/ada", "--dry-run")
    assert (done.exit_code, asked) == (0, ["rig1"])
    for name in ("rig*", "workstations", "moon"):
        done, asked = call("restore", name, "--all")
        assert (done.exit_code, asked) == (2, []), name
        assert f"names no host {name!r}" in done.stderr
    done, asked = call("restore", "plain", "--all")
    assert (done.exit_code, asked) == (2, [])
    assert "plain is not backed up" in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("restore", "rig1"),
        ("restore", "rig1", "home"),
        ("restore", "rig1", "/x", "--all"),
        ("restore", "rig1", "/x", "--overwrite", "older"),
        ("restore", "rig1", "/x", "--snapshot", "x y"),
        ("now", "--wait", "-1"),
        ("now", "--repository", "../x"),
        ("stop", "--repository", "disk"),
        ("status", "--parallel", "0"),
    ],
)
def test_bad_usage_asks_nobody(call, words):
    done, asked = call(*words)
    assert (done.exit_code, asked) == (2, [])
    assert done.stderr


def test_what_a_host_refuses_makes_the_command_fail(call):
    done, _ = call("now", answer=document("run", ok=False, repositories={}), code=1)
    assert done.exit_code == 1


def test_the_document_holds_every_host_and_nothing_else_is_printed(call):
    done, _ = call("status", "--json")
    told = json.loads(done.stdout)
    assert (told["schema"], told["command"]) == ("deeprig.backup.status/1", "backup status")
    assert [host["host"] for host in told["hosts"]] == ["rig1", "rig2"]
    assert told["hosts"][0]["document"]["schema"] == "deeprig.backup-status/1"
    assert (told["exit_code"], done.stderr) == (0, "")
    assert mistakes(told, "backup") == []


def test_each_command_asks_for_its_own_document(call):
    for command in ("now", "check", "drill", "list", "status", "follow", "stop"):
        done, asked = call(command, "--limit", "rig1", "--json")
        assert (done.exit_code, asked) == (0, ["rig1"]), done.output
        assert json.loads(done.stdout)["schema"] == f"deeprig.backup.{command}/1"
