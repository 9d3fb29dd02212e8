"""Disks are asked as node_exporter does; what is no disk, or is elsewhere, is not."""

import os

import pytest
from deeprig_host.alerts.disks import disk_samples
from deeprig_host.machine.commands import Machine


@pytest.fixture
def machine(tmp_path):
    (tmp_path / "proc").mkdir()
    return Machine(tmp_path)


def asked(machine, monkeypatch, mounts, blocks=100):
    machine.path("/proc/mounts").write_text(mounts)
    seen = []
    real = os.statvfs(machine.root)

    def statvfs(path):
        seen.append("/" + str(path.relative_to(machine.root)).removeprefix("."))
        return os.statvfs_result((4096, 4096, blocks, 0, 25, *real[5:]))

    with monkeypatch.context() as patch:
        patch.setattr(os, "statvfs", statvfs)
        return seen, disk_samples(machine)


def test_space_is_told_under_the_exporters_names(machine, monkeypatch):
    _, samples = asked(machine, monkeypatch, "/dev/sda1 / ext4 rw 0 0\n")
    labels = {"device": "/dev/sda1", "mountpoint": "/", "fstype": "ext4"}
    assert [(one.metric, dict(one.labels), one.value) for one in samples] == [
        ("node_filesystem_avail_bytes", labels, 25 * 4096),
        ("node_filesystem_size_bytes", labels, 100 * 4096),
    ]


@pytest.mark.parametrize(
    "kind", ["tmpfs", "overlay", "squashfs", "nfs4", "nfs", "cifs", "fuse.sshfs", "ceph", "autofs"]
)
def test_what_is_no_disk_or_may_not_answer_is_not_asked(machine, monkeypatch, kind):
    seen, samples = asked(machine, monkeypatch, f"server:/x /mnt {kind} rw 0 0\n")
    assert (seen, samples) == ([], ())


def test_a_device_is_asked_once_and_pools_too(machine, monkeypatch):
    mounts = "/dev/sda1 / ext4 rw 0 0\n/dev/sda1 /bind ext4 rw 0 0\ntank/data /data zfs rw 0 0\n"
    seen, _ = asked(machine, monkeypatch, mounts)
    assert seen == ["/", "/data"]


def test_names_are_unescaped(machine, monkeypatch):
    seen, _ = asked(machine, monkeypatch, "/dev/sdb1 /my\\040disk ext4 rw 0 0\n")
    assert seen == ["/my disk"]


def test_what_has_no_blocks_is_no_disk(machine, monkeypatch):
    assert asked(machine, monkeypatch, "proc /proc proc rw 0 0\n", blocks=0)[1] == ()


def test_what_is_gone_meanwhile_is_not_known(machine):
    machine.path("/proc/mounts").write_text("/dev/sdc1 /gone ext4 rw 0 0\n")
    assert disk_samples(machine) == ()
