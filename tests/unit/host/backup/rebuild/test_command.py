"""The commands: what they need, and how they exit."""

import json

import pytest
from deeprig_host.backup.__main__ import main

CONFIG = """[backup]
sources = /home
[repository disk]
url = /backup
password_file = /etc/deeprig/backup/disk.password
keep_last = 1
lock_wait_minutes = 0
[repository nas]
url = /nas
password_file = /etc/deeprig/backup/nas.password
keep_last = 1
"""


@pytest.fixture
def call(machine, tmp_path, capsys):
    """Runs a command with a restic that answers with no snapshot; returns code and both texts."""
    (machine.root / "etc/deeprig/backup").mkdir(parents=True)
    machine.path("/etc/deeprig/backup.conf").write_text(CONFIG)
    for name in ("disk", "nas"):
        password = machine.path(f"/etc/deeprig/backup/{name}.password")
        password.touch(mode=0o600)
        password.write_text("secret\n")
    program = tmp_path / "restic"
    program.write_text("#!/bin/sh\necho '[]'\n")
    program.chmod(0o755)

    def run(*words):
        code = main(["--root", str(machine.root), *words, "--restic", str(program)])
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


@pytest.mark.parametrize("command", ["rebuild", "compare"])
def test_the_dead_machine_must_be_named(command, capsys):
    with pytest.raises(SystemExit) as ended:
        main([command])
    assert ended.value.code == 2
    assert "--from" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["rebuild", "compare"])
def test_a_repository_without_it_is_no_success(call, command):
    code, out, err = call(command, "--from", "rig1", "--json")
    assert code == 1
    assert "no snapshot that another machine made as host 'rig1'" in err
    told = json.loads(out)
    assert (told["schema"], told["ok"]) == (f"deeprig.backup-{command}/1", False)
    assert told["refused"]["evidence"] == ["there are snapshots of no host"]


def test_it_is_rebuilt_from_one_repository(call):
    code, _, err = call("rebuild", "--from", "a", "--repository", "disk", "--repository", "nas")
    assert code == 1
    assert "rebuild from one of them" in err


def test_without_a_configuration_nothing_is_known(call, machine):
    machine.path("/etc/deeprig/backup.conf").unlink()
    code, _, err = call("rebuild", "--from", "a")
    assert code == 2
    assert "deeprig apply --role backup" in err
