"""What a workstation and its server must agree on is found before any connection."""

import subprocess

import pytest

from deeprig.errors import InventoryProblem
from roles.backup_server.reaching import repository_url
from tests.unit.roles.backup_server.declared_servers import HASH, KEY


@pytest.fixture
def pair(lab, tmp_path):
    """A lab whose rig1 keeps its backups on nas; ``declare`` says what each has."""
    words = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "key"))
    subprocess.run(words, check=True, timeout=60)
    lab.key = (tmp_path / "key.pub").read_text().strip()
    repository = {
        "server": "nas",
        "password": "hush-of-a-repository",
        "ssh_key": {"file": str(tmp_path / "key")},
        "host_key": KEY,
    }

    def declare(clients, rig1=(), nas=(), **repository_more):
        backup = {"repositories": {"far": repository | repository_more}}
        server = {"clients": clients, **dict(nas).pop("backup_server", {})}
        hosts = [
            ("nas", {"ssh_hostname": "192.0.2.9", "backup_server": server} | dict(nas)),
            ("rig1", {"backup": backup} | dict(rig1)),
        ]
        lab.hosts(f"workstations = {hosts!r}")
        return lab.load()

    lab.declare = declare
    return lab


def problem(pair, *arguments, **more):
    with pytest.raises(InventoryProblem) as refused:
        pair.declare(*arguments, **more)
    (found,) = refused.value.problems
    return found


def test_a_client_that_its_server_knows_is_reached_by_its_url(pair):
    found = pair.declare({"rig1": {"public_key": pair.key}})
    assert repository_url(found.host("nas"), "rig1") == "rclone+ssh://backup-rig1@192.0.2.9:22"
    sftp = {"rig1": {"public_key": pair.key, "access": "sftp"}}
    found = pair.declare(
        sftp, nas={"backup_server": {"address": "fd00::9", "ssh_port": 2222, "clients": sftp}}
    )
    assert repository_url(found.host("nas"), "rig1") == "sftp://backup-rig1@[fd00::9]:2222//restic"


def test_a_client_that_its_server_does_not_know_is_told(pair):
    told = problem(pair, {})
    assert told.place == "rig1: backup.repositories.far.server"
    assert told.reason == "nas does not have rig1 among its clients"
    assert "add rig1 to backup_server.clients of nas" in told.remedy


def test_another_key_than_the_server_expects_is_told(pair):
    told = problem(pair, {"rig1": {"public_key": KEY}})
    assert told.place == "rig1: backup.repositories.far.ssh_key"
    assert told.reason == f"nas expects another key: {KEY}"


def test_another_password_to_prune_than_the_repositorys_is_told_and_not_repeated(pair):
    client = {"public_key": pair.key, "prune": {"password": "hush-of-another"}}
    told = problem(pair, {"rig1": client})
    assert told.place == "rig1: backup.repositories.far.password"
    assert told.reason == "nas has another password to prune it"
    assert "hush" not in str(told)
    client["prune"] = {"password": "hush-of-a-repository"}
    pair.declare({"rig1": client})


def test_a_server_that_is_none_is_told(pair):
    clients = {"rig1": {"public_key": pair.key}}
    assert problem(pair, clients, server="nsa").reason == "there is no host nsa"
    told = problem(pair, clients, nas={"roles": ["base"]})
    assert told.reason == "nas does not have the role backup_server"


def test_a_client_over_rest_gives_its_url_as_a_secret(pair):
    clients = {"rig1": {"access": "rest", "password_hash": HASH}}
    rest = {"backup_server": {"rest": {"listen": "127.0.0.1"}, "clients": clients}}
    told = problem(pair, clients, nas=rest)
    assert "RESTIC_REPOSITORY" in told.remedy


def test_a_host_that_has_no_backups_is_asked_nothing(pair):
    pair.declare({}, rig1={"roles": ["base"]})
