"""A drill that has no room: no word about the repository, and nothing of it is left."""

import subprocess

from tests.contract.backup_faults.conftest import NEEDS_ROOT
from tests.contract.backup_faults.rows import record


@NEEDS_ROOT
def test_the_disk_is_full_in_a_drill(rig, mounted, monkeypatch):
    place = rig.machine.path("/scratch")
    place.mkdir()
    assert rig.run("run") == 0
    mounted(place, "256k")
    # Somebody else takes the room between the look and the restore.
    monkeypatch.setattr("deeprig_host.backup.drill.check_room", lambda *_: None)
    assert rig.run("drill", "--scratch", "/scratch") == 1
    told = "unproven"
    assert rig.job("drill").details["outcome"] == told
    assert "no space left on device" in rig.told("drill")
    assert list(place.iterdir()) == []
    subprocess.run(["mount", "-o", "remount,size=64m", place], check=True)
    assert rig.run("drill", "--scratch", "/scratch") == 0
    record("the disk is full in a drill", "drill", f"{told}: no space left on device", rig.proves())
