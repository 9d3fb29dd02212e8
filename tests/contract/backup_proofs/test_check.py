"""`backup check` with real restic: damage is found, and in time all is read."""

import json

from deeprig_host.backup.check import check
from deeprig_host.backup.check_progress import read_progress
from deeprig_host.backup.proofs import Proofs
from deeprig_host.backup.status import read_status


def run(rig):
    return check(rig.machine, rig.restic, rig.repository, rig.now)


def test_a_sound_repository_is_good_and_all_of_it_was_read(rig):
    rig.back_up()
    done = run(rig)
    assert (done.outcome, done.subset, done.evidence) == ("good", "1/1", ())
    assert done.all_read_since == rig.now
    packs = sum(pack.stat().st_size for pack in rig.packs())
    assert packs * 0.8 < done.repository_bytes <= packs


def test_a_turned_byte_in_a_pack_is_found(rig):
    rig.back_up()
    rig.spoil(rig.packs()[0])
    done = run(rig)
    assert done.outcome == "failed"
    assert done.all_read_since is None
    assert done.evidence[0].startswith("the repository is damaged: ")


def test_in_as_many_runs_as_there_are_groups_damage_is_found_wherever_it_is(rig):
    rig.declare(check_subset="1/4")
    rig.back_up()
    pack = rig.packs()[0]
    rig.spoil(pack)
    group = int(pack.name[:2], 16) % 4 + 1
    outcomes = [run(rig).outcome for _ in range(group)]
    assert outcomes == ["good"] * (group - 1) + ["failed"]
    assert run(rig).outcome == "failed", "a damaged group is not passed over"


def test_groups_come_in_turn_and_tell_since_when_all_is_read(rig):
    rig.declare(check_subset="50%")
    rig.back_up()
    told = []
    for _ in range(3):
        rig.now += 100
        done = run(rig)
        told.append((done.subset, done.all_read_since))
    first = rig.now - 200
    assert told == [("1/2", None), ("2/2", first), ("1/2", first + 100)]


def test_a_locked_repository_is_unproven_and_the_same_group_is_next(rig):
    rig.back_up()
    rig.machine.path("/etc/deeprig/backup/disk.password").write_text("wrong\n")
    done = run(rig)
    assert done.outcome == "unproven"
    assert "wrong password" in done.evidence[0]
    assert read_progress(rig.machine, rig.repository).next_group == 1


def test_the_status_and_the_summary_tell_a_failed_check(rig):
    rig.back_up()
    rig.spoil(rig.packs()[0])
    proofs = Proofs(rig.machine, rig.backup, rig.restic, lambda: rig.now)
    ended = proofs.check((rig.repository,))["disk"]
    assert ended.outcome == "failed"
    assert read_status(rig.machine, "disk").jobs["check"].outcome == "failed"
    summary = json.loads(rig.machine.path("/var/lib/deeprig/status/backup.json").read_text())
    assert summary["ok"] is False
