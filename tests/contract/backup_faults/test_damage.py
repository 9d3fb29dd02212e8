"""A repository that is damaged: what a backup cannot see, check and drill find."""

import pytest

from tests.contract.backup_faults.rows import record

TOLD = "the repository is damaged"


def finds(rig, *commands):
    """Have each of them find it, and nothing of a drill be left."""
    for name in commands:
        assert rig.run(name) == 1
        assert rig.job(name).details["outcome"] == "failed", rig.told(name)
    assert TOLD in rig.told("check")
    assert not rig.is_ok()
    assert not any(rig.root.rglob(".deeprig-restore-*"))
    return TOLD


def repaired(rig):
    """Heal it as the remedy says: a new repository beside, since data is lost for good."""
    rig.repository.rename(rig.repository.with_name("damaged"))
    rig.machine.path("/var/lib/deeprig/backup/disk.json").unlink()
    rig.configure("prune = elsewhere\ncreate = yes")
    return f"a new repository: {rig.proves()}"


def test_a_byte_turned_in_a_pack(rig):
    rig.spoil(rig.packs()[0])
    told = finds(rig, "check", "drill")
    assert any("/home/ada/project/data" in one for one in rig.job("drill").reasons)
    record("a byte turned in a pack", "check, drill", told, repaired(rig))


def test_a_pack_is_gone(rig):
    pack = rig.packs()[0]
    pack.unlink()
    # It is found whichever part is read. That one is not: restic 0.14 would try for 15 minutes.
    group = (int(pack.name[:2], 16) + 1) % 256 + 1
    rig.reads_next(group)
    told = finds(rig, "check")
    record("a pack is gone", "check", told, repaired(rig))


def test_an_index_is_spoilt(rig):
    (index,) = (rig.repository / "index").iterdir()
    rig.spoil(index, 100)
    rig.forget_cache()
    told = finds(rig, "check")
    assert rig.run("drill") == 1
    assert rig.job("drill").details["outcome"] == "unproven", "it cannot even tell what there is"
    repair = ("repair", "index") if rig.is_newer else ("rebuild-index",)
    rig.ask(*repair)
    again = f"`restic rebuild-index`: {rig.proves()}"
    record("an index is spoilt", "check, drill", told, again)


def test_the_file_of_a_snapshot_is_spoilt(rig):
    (snapshot,) = (rig.repository / "snapshots").iterdir()
    rig.spoil(snapshot, 50)
    told = finds(rig, "check", "drill")
    snapshot.unlink()
    again = f"without that snapshot: {rig.proves()}"
    record("a snapshot's file is spoilt", "check, drill", told, again)


@pytest.mark.parametrize("seed", ["1", "2", "3"])
def test_a_drill_finds_a_damaged_file_whenever_it_draws_it(rig, seed):
    for pack in rig.packs():
        rig.spoil(pack, pack.stat().st_size // 2)
    assert rig.run("drill", "--files", "2", "--seed", seed) == 1
    assert rig.job("drill").details["outcome"] == "failed"
