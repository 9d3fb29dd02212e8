"""What the collector tells of a backup server, from what its prune writes."""

import os

import pytest
from deeprig_host.backup_server.pruning import Pruned
from deeprig_host.backup_server.told import write_told
from deeprig_host.metrics import backup_server, statuses
from deeprig_host.metrics.part import PartFailed
from deeprig_host.metrics.samples import Samples

CONFIG = "/etc/deeprig/backup_server/server.conf"
PRUNE = "/var/lib/deeprig/backup_server/prune.json"
NOW = 1_790_000_000.0
SERVER = """[client ws1]
user = backup-ws1
repository = /srv/backup/ws1
password_file = /etc/deeprig/backup_server/ws1.password
"""


def told(files, part=backup_server):
    samples = Samples()
    part.read(files.machine, samples)
    return {(one.metric.name.removeprefix("deeprig_"), *one.labels): one.value for one in samples}


def test_a_host_that_keeps_nothing_for_others_tells_nothing(files):
    assert told(files) == {}
    files.place(CONFIG, SERVER.partition("password_file")[0])
    assert told(files) == {}, "its client prunes by itself"


def test_before_the_first_prune_it_is_as_old_as_the_declaration(files):
    os.utime(files.place(CONFIG, SERVER), (NOW, NOW))
    assert told(files) == {("backup_server_prune_timestamp_seconds",): NOW}


@pytest.mark.parametrize("outcome", ["good", "refused", "failed"])
def test_how_it_ended_is_told_for_each_client_that_is_declared(files, outcome):
    files.place(CONFIG, SERVER)
    ended = (Pruned("ws1", outcome, 9, 2), Pruned("gone", "failed"))
    write_told(files.machine, ended, NOW)
    found = told(files)
    ends = {key[2]: value for key, value in found.items() if "outcome" in key[0]}
    assert ends == {"good": 0, "refused": 0, "failed": 0} | {outcome: 1}
    assert found["backup_server_snapshots", "ws1"] == 9
    assert found["backup_server_prune_timestamp_seconds",] == NOW
    assert not any("gone" in key for key in found)
    assert told(files, statuses)["status_ok", "backup_server"] == 0


def test_a_client_of_which_nothing_is_told_waits_since_it_was_declared(files):
    os.utime(files.place(CONFIG, SERVER), (NOW - 1000, NOW - 1000))
    write_told(files.machine, [Pruned("other", "good", 9, 2)], NOW)
    assert told(files) == {("backup_server_prune_timestamp_seconds",): NOW - 1000}
    write_told(files.machine, [Pruned("ws1", "good", 9, 2)], NOW)
    assert told(files)["backup_server_prune_timestamp_seconds",] == NOW


@pytest.mark.parametrize(
    "bad",
    [
        "{",
        {"schema": "other"},
        {"schema": "deeprig.backup-server/1", "clients": {}},
        {"schema": "deeprig.backup-server/1", "clients": ["ws1"]},
        {"schema": "deeprig.backup-server/1", "clients": [{"client": "ws1", "outcome": "fine"}]},
    ],
)
def test_what_is_not_as_agreed_is_refused(files, bad):
    files.place(CONFIG, SERVER)
    files.place(PRUNE, bad)
    with pytest.raises(PartFailed):
        told(files)


def test_a_configuration_that_cannot_be_read_is_told(files):
    files.place(CONFIG, "nonsense")
    with pytest.raises(PartFailed, match=r"server\.conf:1"):
        told(files)
