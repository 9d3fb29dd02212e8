"""What is mounted where, from a recorded mountinfo."""

from pathlib import Path

import pytest

from deeprig.errors import UsageProblem
from deeprig.lab import mounts
from deeprig.lab.requirements import check_directory

INFO = """\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
42 22 254:0 /run/netns /run/netns rw,relatime shared:1 - ext4 /dev/vda rw
50 22 0:40 / /home rw shared:9 master:2 - overlay overlay rw,lowerdir=/a
51 22 0:41 / /mnt/my\\040disk rw - xfs /dev/vdb rw
52 51 0:42 / /mnt/my\\040disk rw - fuse.sshfs ann@host: rw
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/srv/x", "ext4"),
        ("/home/ann/.lab", "overlay"),
        ("/homes", "ext4"),
        ("/mnt/my disk/lab", "fuse.sshfs"),
    ],
)
def test_the_file_system_of_a_path(path, kind):
    assert mounts.filesystem_of(Path(path), INFO) == kind


def test_a_bind_mount_counts_as_mounted():
    assert mounts.is_mounted(Path("/run/netns"), INFO)
    assert not mounts.is_mounted(Path("/run"), INFO)


@pytest.mark.parametrize("place", ["/home/ann", "/mnt/my disk/lab"])
def test_hosts_cannot_lie_where_an_overlay_cannot(place):
    with pytest.raises(UsageProblem, match="hosts' disks cannot lie") as caught:
        check_directory(Path(place), INFO)
    assert "local disk" in str(caught.value)
    check_directory(Path("/srv/lab"), INFO)


def test_this_machines_own_mounts_are_understood():
    assert mounts.is_mounted(Path("/proc"))
    assert mounts.filesystem_of(Path("/proc/self")) == "proc"
