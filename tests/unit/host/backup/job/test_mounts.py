"""What is mounted, by mountinfo; and that nothing hangs on a mount whose server is gone."""

import pytest
from deeprig_host.backup import mounts as module
from deeprig_host.backup.mounts import Mount, is_mounted, mounts, silent

LINE = "36 35 98:0 / {path} rw,noatime shared:1 - {kind} {source} rw\n"


@pytest.fixture
def mounted(machine):
    """Have the kernel's list say that these are mounted."""

    def say(*rows):
        path = machine.path("/proc/self/mountinfo")
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = (
            LINE.format(path=str(machine.root) + where, kind=kind, source=source)
            for where, kind, source in rows
        )
        path.write_text("22 1 8:1 / / rw - ext4 /dev/sda1 rw\nspoilt\n" + "".join(lines))

    return say


def test_the_list_is_the_kernels(machine, mounted):
    mounted(("/home/my\\040data", "nfs4", "nas:/my\\040data"), ("/srv", "ext4", "/dev/sdb1"))
    assert mounts(machine) == (
        Mount("/home/my data", "nfs4", "nas:/my data"),
        Mount("/srv", "ext4", "/dev/sdb1"),
    )
    assert is_mounted(machine, "/srv")
    assert not is_mounted(machine, "/home")


def test_without_a_list_nothing_is_known_to_be_mounted(machine):
    assert mounts(machine) == ()


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "fuse.sshfs", "ceph", "9p"])
def test_what_another_machine_has_may_hang(kind):
    assert Mount("/a", kind, "b").is_remote


@pytest.mark.parametrize("kind", ["ext4", "xfs", "zfs", "btrfs", "tmpfs", "overlay", "fusectl"])
def test_what_the_kernel_has_does_not(kind):
    assert not Mount("/a", kind, "b").is_remote


@pytest.fixture
def asked(monkeypatch):
    """Which directories another process was told to look into; it never comes back from /dead."""
    seen = []
    real = module.subprocess.Popen

    def popen(words, **options):
        seen.append(words[1])
        program = ("sleep", "60") if "/dead" in words[1] else ("false",)
        return real(program, **options)

    monkeypatch.setattr(module, "ANSWER_SECONDS", 0.2)
    monkeypatch.setattr(module.subprocess, "Popen", popen)
    return seen


def test_only_remote_mounts_at_a_source_are_asked_and_the_silent_named(machine, mounted, asked):
    mounted(
        ("/home/dead", "nfs4", "nas:/a"),
        ("/home/nas", "nfs4", "nas:/b"),
        ("/srv/dead", "nfs4", "nas:/c"),
        ("/home/disk", "ext4", "/dev/sdb1"),
    )
    found = silent(machine, ("/home", "/etc"))
    assert found == (Mount("/home/dead", "nfs4", "nas:/a"),)
    assert asked == [f"{machine.root}/home/dead", f"{machine.root}/home/nas"]


def test_a_mount_above_a_source_counts_too(machine, mounted, asked):
    mounted(("/dead", "cifs", "//nas/home"))
    assert [one.path for one in silent(machine, ("/dead/ada",))] == ["/dead"]
    assert silent(machine, ("/deadline",)) == ()
