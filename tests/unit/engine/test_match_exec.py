"""``Match exec`` of SSH configurations, under gevent."""

import pytest
from gevent.pool import Pool
from paramiko import SSHConfig

from deeprig.engine.embedding import embed_pyinfra
from deeprig.inventory.sources.ssh_config import _parsed

TEXT = """
Match exec "test %h = rig1; echo seen; echo told >&2"
Match exec "test %h = rig1"
    User ada
Match !exec "test %h = rig1"
    User bob
Match exec "read line && test -n $line"
    User eve
"""


@pytest.mark.parametrize("shell", ["/bin/sh", None])
def test_match_exec_is_answered_for_all_hosts_at_once(shell, monkeypatch, capfd):
    if shell is None:
        monkeypatch.delenv("SHELL", raising=False)
    else:
        monkeypatch.setenv("SHELL", shell)
    embed_pyinfra()
    configuration = SSHConfig.from_text(TEXT)
    hosts = ("rig1", "rig2", "rig1", "rig2")
    users = Pool(len(hosts)).map(lambda host: configuration.lookup(host)["user"], hosts)
    assert users == ["ada", "bob", "ada", "bob"]
    told = capfd.readouterr()
    assert told.out == ""
    assert set(told.err.split()) == {"told"}, "what it complains of is seen, as with ssh"


def test_a_shell_that_is_not_there_matches_nothing(monkeypatch):
    monkeypatch.setenv("SHELL", "/no/such/shell")
    embed_pyinfra()
    assert SSHConfig.from_text('Match exec "true"\n  User ada\n').lookup("rig1").get("user") is None


def test_an_inventory_of_ssh_is_read_the_same_way(tmp_path):
    file = tmp_path / "config"
    file.write_text('Host rig1\n  Match exec "true"\n  User ada\n')
    assert _parsed(file).lookup("rig1")["user"] == "ada"
