"""Restored files are handed to whoever has the name here: swaps, links, lists, special bits."""

import errno
import os
import struct

import pytest
from deeprig_host.backup.rebuild_owners import SAME_OWNERS, Owners, hand_over, mapped_list

SWAP = Owners({1000: 1001, 1001: 1000}, {100: 200})
#: getcap(8) would call it cap_net_bind_service=ep (linux/capability.h, VFS_CAP_REVISION_2).
CAPABILITY = struct.pack("<IIIII", 0x02000001, 1 << 10, 0, 0, 0)


def access_list(user, group):
    """A list that lets one user and one group read beside the owner; the order is acl(5)'s."""
    nobody = 0xFFFFFFFF
    entries = [(1, 6, nobody), (2, 4, user), (4, 4, nobody), (8, 4, group), (16, 4, nobody)]
    entries.append((32, 0, nobody))
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *one) for one in entries)


def owned(path, uid, gid=5, mode=0o640):
    path.write_bytes(b"content")
    os.chown(path, uid, gid)
    path.chmod(mode)
    os.utime(path, ns=(7, 1_500_000_000_000_000_007))
    return path


def owner(path):
    found = path.lstat()
    return found.st_uid, found.st_gid


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")


@needs_root
def test_swapped_numbers_are_swapped_once_whatever_names_a_file_has(tmp_path):
    one, two = owned(tmp_path / "one", 1000), owned(tmp_path / "two", 1001)
    os.link(one, tmp_path / "other-name")
    (tmp_path / "deep").mkdir()
    os.link(one, tmp_path / "deep/third-name")
    assert hand_over(tmp_path, SWAP) == 2
    assert (owner(one), owner(two)) == ((1001, 5), (1000, 5))
    assert one.stat().st_mtime_ns == 1_500_000_000_000_000_007


@needs_root
def test_links_are_handed_over_and_not_followed(tmp_path):
    outside = owned(tmp_path / "outside", 1000)
    place = tmp_path / "scratch"
    place.mkdir()
    link = place / "link"
    link.symlink_to(outside)
    os.chown(link, 1000, 100, follow_symlinks=False)
    assert hand_over(place, SWAP) == 1
    assert (owner(link), owner(outside)) == ((1001, 200), (1000, 5))


@needs_root
def test_what_chown_takes_away_is_given_again(tmp_path):
    path = owned(tmp_path / "set-id", 1000, mode=0o6755)
    os.setxattr(path, "security.capability", CAPABILITY)
    hand_over(tmp_path, SWAP)
    assert path.stat().st_mode & 0o7777 == 0o6755
    assert os.getxattr(path, "security.capability") == CAPABILITY


@needs_root
def test_lists_of_files_and_directories_name_whoever_has_the_name_here(tmp_path):
    path = owned(tmp_path / "shared", 3000)
    directory = tmp_path / "deep"
    directory.mkdir()
    before = access_list(1000, 100)
    try:
        os.setxattr(path, "system.posix_acl_access", before)
        os.setxattr(directory, "system.posix_acl_default", before)
    except OSError as error:
        if error.errno != errno.ENOTSUP:
            raise
        pytest.skip("this file system has no access lists")
    hand_over(tmp_path, SWAP)
    after = access_list(1001, 200)
    assert os.getxattr(path, "system.posix_acl_access") == after
    assert os.getxattr(directory, "system.posix_acl_default") == after
    assert owner(path) == (3000, 5)


def test_a_list_of_an_unknown_form_stays_as_it_is():
    for content in (b"", b"\x02\x00\x00\x00123", struct.pack("<I", 3) + b"x" * 8):
        assert mapped_list(content, SWAP) == content


def test_without_other_numbers_nothing_is_looked_at(tmp_path):
    assert hand_over(tmp_path / "not there", SAME_OWNERS) == 0
