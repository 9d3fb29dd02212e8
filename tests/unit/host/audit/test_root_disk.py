"""The disks below "/" are found through RAID and file systems with numbers of their own."""

import pytest

_MOUNTS = "/proc/self/mountinfo"


def mounted(number, source, kind="ext4"):
    return f"27 1 {number} / / rw,relatime shared:1 - {kind} {source} rw\n"


def roots(bench):
    return [disk["name"] for disk in bench.collect()["disks"] if disk["holds_root"]]


def test_a_root_of_btrfs_is_found_by_its_source(bench):
    bench.host("rtx4090").put(_MOUNTS, mounted("0:30", "/dev/nvme0n1p2", "btrfs"))
    assert roots(bench) == ["nvme0n1"]


def test_both_disks_of_a_mirror_hold_the_root(bench):
    bench.host("no_gpu").put(_MOUNTS, mounted("9:0", "/dev/md0"))
    bench.put("/sys/block/md0/dev", "9:0\n")
    bench.put("/sys/block/md0/size", "100\n")
    bench.put("/sys/block/md0/slaves/sda2/dev", "8:2\n")
    bench.put("/sys/block/md0/slaves/sdb/dev", "8:16\n")
    assert roots(bench) == ["sda", "sdb"]


def test_the_last_of_several_mounts_on_the_root_is_what_is_seen(bench):
    bench.host("no_gpu").put(_MOUNTS, mounted("0:2", "rootfs") + mounted("8:16", "/dev/sdb"))
    assert roots(bench) == ["sdb"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (mounted("0:40", "overlay", "overlay"), "which is no block device seen"),
        ("22 1 0:21 / /proc rw - proc proc rw\n", "names no /"),
        ("rubbish\n", "names no /"),
    ],
)
def test_a_root_on_no_disk_is_told(text, reason, bench):
    bench.host("no_gpu").put(_MOUNTS, text)
    assert roots(bench) == []
    assert reason in bench.why("disks.holds_root")[0]


@pytest.mark.parametrize(
    ("place", "found"),
    [
        ("pci0000:00/0000:00:14.0/usb2/2-1/2-1:1.0/host6/target6:0:0/6:0:0:0", "usb"),
        ("pci0000:00/0000:01:00.0/host0/port-0:0/end_device-0:0/target0:0:0/0:0:0:0", "sas"),
        ("LNXSYSTM:00/LNXSYBUS:00/VMBUS:00/f8b3781a/host0/target0:0:0/0:0:0:0", "vmbus"),
        ("pci0000:00/0000:00:10.0/host0/target0:0:0/0:0:0:0", None),
    ],
)
def test_how_a_disk_is_attached_by_its_place(place, found, bench):
    bench.host("no_gpu")
    bench.put(f"/sys/devices/{place}/block/sdz/size", "1000\n")
    bench.put(f"/sys/devices/{place}/block/sdz/queue/rotational", "1\n")
    bench.path(f"/sys/devices/{place}/block/sdz/device").symlink_to("../..")
    bench.path("/sys/block/sdz").symlink_to(f"../devices/{place}/block/sdz")
    facts = bench.collect()
    (disk,) = [disk for disk in facts["disks"] if disk["name"] == "sdz"]
    assert disk["transport"] == found
    assert bool(bench.why("disks.sdz.transport")) is (found is None)
    assert disk["is_rotational"] is (None if found == "vmbus" else True)


def test_a_drive_without_a_medium_is_no_disk(bench):
    bench.host("no_gpu").put("/sys/block/sdb/size", "0\n")
    assert [disk["name"] for disk in bench.collect()["disks"]] == ["sda"]
