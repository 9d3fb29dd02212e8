"""Pruning: only what looks like the client's own, told in each case; one does not stop another."""

import json
import os
import shutil
import tempfile
from datetime import datetime, timezone
from pathlib import Path

import pytest
from deeprig_host.backup.answer import Answer
from deeprig_host.backup.declared import Repository
from deeprig_host.backup.restic import Restic
from deeprig_host.backup_server.__main__ import main
from deeprig_host.backup_server.accepted import accept
from deeprig_host.backup_server.declared import Client, Keep
from deeprig_host.backup_server.places import PRUNE_FILE, SUMMARY_FILE
from deeprig_host.backup_server.pruning import Pruned, forget_words, prune
from deeprig_host.backup_server.told import told_before, write_told
from deeprig_host.machine.refusal import Refused

NOW = 1_800_000_000.0
#: Before any run of these tests.
LAST = 1_700_000_000.0
KEEP = Keep(within_days=30, keep_daily=3)
CLIENT = Client("rig1", "backup-rig1", "/r", "/password", KEEP)
OLD, NEW = "a" * 64, "b" * 64


class FakeRestic:
    """Stands in for restic: a repository with snapshots and sizes; notes what it was told."""

    def __init__(self, machine, **snapshots):
        self.machine = machine
        self.rows = {}
        self.sizes = {}
        self.told = []
        self.failing = ""
        (machine.path("/r") / "snapshots").mkdir(parents=True)
        (machine.path("/r") / "config").touch()
        for name, (claimed, arrived, size) in snapshots.items():
            self.add({"old": OLD, "new": NEW}[name], claimed, arrived, size)

    def add(self, name, claimed, arrived, size, tags=()):
        row = {"id": name, "time": _rfc3339(NOW - claimed), "hostname": "rig1", "paths": ["/home"]}
        row["tags"] = list(tags)
        self.rows[name] = row
        self.sizes[name] = size
        path = self.machine.path("/r/snapshots") / name
        path.touch()
        os.utime(path, (NOW - arrived, NOW - arrived))

    def run(self, arguments, repository, **more):
        self.told.append(arguments)
        command = arguments[0]
        if command == self.failing:
            return Answer("failed", 1, errors=("Fatal: the disk is gone",))
        if command == "forget":
            self.rows.pop(OLD, None)
        answers = {"snapshots": list(self.rows.values())}
        if command == "stats":
            answers["stats"] = {"total_size": self.sizes[arguments[-1]]}
        text = json.dumps(answers[command]) if command in answers else ""
        return Answer("good", 0, lines=tuple(text.splitlines()))

    @property
    def commands(self):
        return [words[0] for words in self.told]


def _rfc3339(seconds):
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def usual(machine, size=100):
    return FakeRestic(machine, old=(9000, 8000, 100), new=(900, 800, size))


def test_what_is_good_is_pruned_and_told(machine):
    restic = usual(machine)
    assert prune(machine, restic, CLIENT, NOW) == Pruned("rig1", "good", 1, 1)
    assert restic.commands == ["list", "snapshots", "stats", "stats", "forget", "snapshots"]
    assert forget_words(KEEP) == (
        *("forget", "--prune", "--group-by", "host,tags"),
        *("--keep-within", "30d", "--keep-daily", "3"),
    )


def test_a_forged_snapshot_stops_it_until_a_person_takes_it_for_good(machine):
    restic = usual(machine)
    restic.add("c" * 64, -9e6, 700, 100)
    ended = prune(machine, restic, CLIENT, NOW)
    assert (ended.outcome, ended.snapshots, ended.removed) == ("refused", 3, 0)
    assert "came before" in ended.reasons[0]
    program = "/opt/deeprig/environment/bin/python -I -m deeprig_host.backup_server"
    assert f"`{program} accept rig1`" in ended.remedy
    assert "forget" not in restic.commands
    accept(machine, "rig1", ["c" * 64])
    assert prune(machine, restic, CLIENT, NOW).outcome == "good"


def test_an_emptied_newest_snapshot_stops_it(machine):
    restic = usual(machine, size=1)
    ended = prune(machine, restic, CLIENT, NOW)
    assert ended.outcome == "refused"
    assert ended.reasons == ("the newest snapshot of rig1 holds 1 bytes, earlier ones 100",)
    assert "forget" not in restic.commands


def test_what_shrank_is_taken_for_good_and_the_next_is_compared_with_that(machine):
    restic = usual(machine, size=40)
    restic.add("1" * 64, 9600, 9600, 100)
    assert prune(machine, restic, CLIENT, NOW).outcome == "refused"
    accept(machine, "rig1", restic.rows)
    assert prune(machine, restic, CLIENT, NOW) == Pruned("rig1", "good", 2, 1)
    restic.add("2" * 64, 600, 500, 40)
    assert prune(machine, restic, CLIENT, NOW).outcome == "good"
    restic.add("3" * 64, 500, 400, 4)
    ended = prune(machine, restic, CLIENT, NOW)
    assert ended.reasons == ("the newest snapshot of rig1 holds 4 bytes, earlier ones 40",)


def test_incomplete_snapshots_are_judged_only_where_there_are_no_others(machine):
    restic = FakeRestic(machine)
    whole, part = ("deeprig", "machine-1"), ("deeprig", "incomplete", "machine-1")
    for number, size in enumerate((100, 100, 40)):
        restic.add(f"{number}" * 64, 9000 - number, 9000 - number, size, part)
    ended = prune(machine, restic, CLIENT, NOW)
    assert "deeprig incomplete machine-1 holds 40 bytes" in ended.reasons[0]
    restic.add("a" * 64, 800, 700, 150, ("deeprig", "machine-2"))
    assert prune(machine, restic, CLIENT, NOW).outcome == "refused", "that is another machine"
    restic.add("b" * 64, 800, 700, 150, whole)
    assert prune(machine, restic, CLIENT, NOW).outcome == "good"
    # What is complete is judged as ever.
    restic.add("c" * 64, 600, 500, 10, whole)
    ended = prune(machine, restic, CLIENT, NOW)
    assert ended.reasons == (
        "the newest snapshot of rig1 deeprig machine-1 holds 10 bytes, earlier ones 150",
    )


def test_a_repository_that_is_waited_for_is_good_and_one_that_is_gone_is_not(machine):
    restic = usual(machine)
    (machine.path("/r") / "config").unlink()
    assert prune(machine, restic, CLIENT, NOW) == Pruned("rig1", "good", 0, 0)
    assert prune(machine, restic, CLIENT, NOW, 0).outcome == "good"
    gone = prune(machine, restic, CLIENT, NOW, 7)
    assert (gone.outcome, gone.snapshots) == ("failed", 7)
    assert gone.reasons == ("the repository with 7 snapshots is gone",)
    assert restic.told == []
    # It stays gone, however often it is asked.
    write_told(machine, [gone], NOW)
    assert told_before(machine)["rig1"]["snapshots"] == 7
    machine.path(PRUNE_FILE).write_text("{")
    with pytest.raises(Refused, match="cannot be read"):
        told_before(machine)


def test_a_repository_of_which_nothing_is_known_is_gone_where_its_disk_is(machine):
    client = Client("rig1", "backup-rig1", "/srv/backup/rig1/restic", "/password", KEEP)
    machine.path("/srv/backup").mkdir(parents=True)
    gone = prune(machine, None, client, NOW)
    assert (gone.outcome, gone.snapshots) == ("failed", None)
    assert gone.reasons == (f"{machine.root}/srv/backup/rig1 is gone",)
    assert "whether its disk is mounted" in gone.remedy
    machine.path("/srv/backup/rig1").mkdir()
    assert prune(machine, None, client, NOW) == Pruned("rig1", "good", 0, 0)


@pytest.mark.parametrize("failing", ["snapshots", "stats", "forget"])
def test_what_fails_is_told_in_restics_words(machine, failing):
    restic = usual(machine)
    restic.failing = failing
    ended = prune(machine, restic, CLIENT, NOW)
    assert ended.outcome == "failed"
    assert any("the disk is gone" in reason for reason in ended.reasons)
    # Also of one that never was read it is known by then that it was there.
    assert ended.snapshots == 2
    # And where they are away too it is not forgotten how many there were.
    shutil.rmtree(machine.path("/r/snapshots"))
    restic.failing = "list"
    assert prune(machine, restic, CLIENT, NOW, 2).snapshots == 2
    shutil.rmtree(machine.path("/r"))
    assert prune(machine, restic, CLIENT, NOW, ended.snapshots).outcome == "failed"


def test_the_summary_is_bad_when_one_client_is(machine):
    write_told(machine, [Pruned("rig1", "good", 1, 0), Pruned("rig2", "refused")], NOW)
    summary = json.loads(machine.text(SUMMARY_FILE))
    assert (summary["ok"], summary["failed"], summary["time"]) == (False, 1, NOW)
    assert (summary["schema"], summary["what"]) == ("deeprig.status/1", "backup_server")
    told = json.loads(machine.text(PRUNE_FILE))
    assert [one["outcome"] for one in told["clients"]] == ["good", "refused"]
    assert write_told(machine, [Pruned("rig1", "good")], NOW)["outcome"] == "good"


def test_the_program_tells_a_bad_configuration_and_an_unknown_client(machine, capsys):
    words = ["--root", str(machine.root)]
    assert main([*words, "prune"]) == 2
    assert "apply --role backup_server" in capsys.readouterr().err
    path = machine.path("/etc/deeprig/backup_server/server.conf")
    path.parent.mkdir(parents=True)
    path.write_text("[server]\n")
    assert main([*words, "prune", "eve"]) == 1
    assert json.loads(capsys.readouterr().out)["reason"] == "eve is not pruned here"
    assert main([*words, "ask"]) == 1
    assert main([*words, "prune"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["clients"] == []


SERVER = """[client a]
user = backup-a
repository = /srv/backup/a/restic
password_file = /password

[client b]
user = backup-b
repository = /srv/backup/b/restic
password_file = /password
"""


def test_pruning_one_client_hides_nothing_of_the_others(machine, capsys):
    path = machine.path("/etc/deeprig/backup_server/server.conf")
    path.parent.mkdir(parents=True)
    path.write_text(SERVER)
    for name in "ab":
        machine.path(f"/srv/backup/{name}").mkdir(parents=True)
    bad = Pruned("b", "refused", 30, 0, ("forged",), "look")
    write_told(machine, [Pruned("a", "good", 0, 0), bad, Pruned("gone", "failed")], LAST)
    words = ["--root", str(machine.root), "prune"]

    assert main([*words, "a"]) == 0, "how it ended for the one that was asked for"
    (told,) = json.loads(capsys.readouterr().out)["clients"]
    assert told["client"] == "a"
    whole = json.loads(machine.text(PRUNE_FILE))
    assert {one["client"]: one["outcome"] for one in whole["clients"]} == {
        "a": "good",
        "b": "refused",
    }
    assert (whole["outcome"], whole["time"]) == ("failed", LAST), "as old as the oldest"
    summary = json.loads(machine.text(SUMMARY_FILE))
    assert (summary["ok"], summary["failed"], summary["time"]) == (False, 1, LAST)

    # Its 30 snapshots are not forgotten: that they are gone is told.
    assert main(words) == 1
    ends = {one["client"]: one for one in json.loads(capsys.readouterr().out)["clients"]}
    assert ends["a"]["outcome"] == "good"
    assert ends["b"]["reasons"] == ["the repository with 30 snapshots is gone"]


def test_what_an_earlier_release_told_is_understood(machine):
    row = {"client": "a", "outcome": "good", "snapshots": 3, "removed": 0, "reasons": []}
    path = machine.path(PRUNE_FILE)
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"time": NOW, "outcome": "good", "clients": [row]}))
    assert told_before(machine) == {"a": row | {"time": NOW}}


#: pytest's own directories are closed to the user that the program runs as.
_SAYS = '#!/bin/sh\necho "$(id -un) $(id -Gn) $RESTIC_PASSWORD ${RESTIC_PASSWORD_FILE-no} $*"\n'


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes somebody else")
def test_restic_of_a_client_runs_as_its_user_and_gets_no_file(machine):
    password = machine.path("/password")
    password.write_text("hush-of-rig1\n")
    password.chmod(0o600)
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        program = Path(directory) / "restic"
        program.write_text(_SAYS)
        program.chmod(0o755)
        restic = Restic(machine, program=str(program), user="daemon")
        answer = restic.run(("snapshots",), Repository("rig1", "/r", "/password"))
    assert answer.lines == ("daemon daemon hush-of-rig1 no --no-cache snapshots",), answer
