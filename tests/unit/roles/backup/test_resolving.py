"""What the rest of the inventory decides: where conda is, and where a server has a repository."""

from types import SimpleNamespace

import pytest

from deeprig.errors import DeclarationRefused
from roles.backup import resolving
from roles.backup.resolving import needs_servers, resolved
from roles.backup.settings import BackupSettings
from tests.unit.roles.backup.declared_backups import PASSWORD, backup, disk, host_key, private_key

NAS = SimpleNamespace(name="nas")


def on_server(**more):
    given = {"server": "nas", "password": PASSWORD}
    return given | {"ssh_key": private_key(), "host_key": host_key()} | more


@pytest.fixture
def url(monkeypatch):
    told = {"rig1": "rclone+ssh://backup-rig1@192.0.2.7:22"}
    monkeypatch.setattr(resolving, "repository_url", lambda server, client: told[client])
    return told


def test_conda_is_where_its_role_has_it():
    conda = SimpleNamespace(prefix="/srv/conda")
    assert resolved(backup(d=disk()), "rig1", {"conda": conda}, ()).conda_prefixes == (
        "/srv/conda",
    )
    own = BackupSettings(repositories={"d": disk()}, conda_prefixes=["/opt/other"])
    assert resolved(own, "rig1", {"conda": conda}, ()).conda_prefixes == ("/opt/other",)
    assert resolved(backup(d=disk()), "rig1", {}, ()).conda_prefixes == ()


def test_a_server_of_the_inventory_is_reached_by_its_url(url):
    settings = backup(far=on_server(), near=disk())
    assert needs_servers(settings)
    assert not needs_servers(backup(near=disk()))
    found = resolved(settings, "rig1", {}, (NAS,))
    one = found.repositories["far"]
    assert (one.url, one.server, one.prunes_here) == (url["rig1"], None, False)
    assert found.repositories["near"] == settings.repositories["near"]
    (section,) = [s for s in found.sections_of("rig1") if s.title == "repository far"]
    assert ("prune", "elsewhere") in section.options
    assert ("ssh_key_file", "/etc/deeprig/backup/far.ssh_key") in section.options


@pytest.mark.parametrize(("prune", "is_here"), [({}, True), ({"prune": "elsewhere"}, False)])
def test_who_may_delete_on_a_server_prunes_there_itself(url, prune, is_here):
    """The server has no prune for sftp: otherwise nobody would."""
    url["rig1"] = "sftp://backup-rig1@192.0.2.7:22//repository"
    found = resolved(backup(far=on_server(**prune)), "rig1", {}, (NAS,))
    assert found.repositories["far"].prunes_here == is_here
    (section,) = [s for s in found.sections_of("rig1") if s.title == "repository far"]
    assert ("prune", "here" if is_here else "elsewhere") in section.options


def test_what_does_not_fit_a_server_is_refused_before_anything_is_done(url):
    with pytest.raises(DeclarationRefused, match="nothing can be deleted"):
        resolved(backup(far=on_server(prune="here")), "rig1", {}, (NAS,))


@pytest.mark.parametrize(("host", "servers"), [("rig2", (NAS,)), ("rig1", ())])
def test_a_server_that_keeps_no_such_repository_is_refused(url, host, servers):
    with pytest.raises(DeclarationRefused, match=f"nas keeps no repository of {host}"):
        resolved(backup(far=on_server()), host, {}, servers)
