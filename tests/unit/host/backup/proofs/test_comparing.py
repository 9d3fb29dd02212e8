"""What a restored file is compared with, and when that is no proof."""

import os

import pytest
from deeprig_host.backup.canary import write_canary
from deeprig_host.backup.comparing import compare, compare_canary
from deeprig_host.backup.snapshots import Snapshot


@pytest.fixture
def files(node, tmp_path):
    """A live file, its restored copy, and the node of the live one."""
    live, restored = tmp_path / "live", tmp_path / "restored"
    live.write_bytes(b"content")
    restored.write_bytes(b"content")
    told = live.stat()
    times = {"mtime_ns": told.st_mtime_ns, "ctime_ns": told.st_ctime_ns}
    return node("/live", size=7, **times), restored, live


def test_an_unchanged_file_is_the_proof(files):
    assert compare(*files).proof == "live"
    assert compare(*files).wrong == ""


def test_a_restored_file_that_differs_from_an_unchanged_one_is_wrong(files):
    files[1].write_bytes(b"CONTENT")
    assert "differs from the live file" in compare(*files).wrong


@pytest.mark.parametrize("change", ["content", "times", "rights", "gone", "link"])
def test_a_changed_file_is_no_proof(files, change):
    live = files[2]
    if change == "content":
        live.write_bytes(b"another")
    elif change == "times":
        os.utime(live, (1, 1))
    elif change == "rights":
        live.chmod(0o600)
    else:
        live.unlink()
    if change == "link":
        live.symlink_to(files[1])
    assert compare(*files).proof == "recorded"
    assert compare(*files).wrong == ""


def test_what_was_not_restored_or_only_in_part_is_wrong(files):
    files[1].write_bytes(b"con")
    assert compare(*files).wrong == "restored with 3 bytes, backed up with 7"
    files[1].unlink()
    assert compare(*files).wrong == "it was not restored"


SNAPSHOT = Snapshot("a", 1_000_000 * 10**9, "rig", ("/home",))


@pytest.fixture
def canary(machine):
    def check(host="rig", time=1_000_000, spoil=False):
        write_canary(machine, "/canary", host, time)
        path = machine.path("/canary")
        if spoil:
            path.write_bytes(path.read_bytes().replace(b"payload ", b"payloaD "))
        return compare_canary("/canary", path, SNAPSHOT, "rig").wrong

    return check


def test_a_canary_of_this_backup_is_right(canary):
    assert canary() == ""


def test_a_canary_that_is_spoilt_old_or_of_another_is_wrong(canary):
    assert "digest differs" in canary(spoil=True)
    assert "older than the snapshot" in canary(time=900_000)
    assert "of host 'other'" in canary(host="other")


def test_a_canary_that_was_not_restored_is_wrong(tmp_path):
    told = compare_canary("/canary", tmp_path / "none", SNAPSHOT, "rig")
    assert told.wrong == "the canary was not restored"
