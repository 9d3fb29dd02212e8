"""What restic tells of snapshots and nodes, and which snapshot is meant."""

import time

import pytest
from deeprig_host.backup.snapshots import (
    Snapshot,
    choose,
    parse_node,
    parse_snapshots,
    parse_time_ns,
    pattern_of,
)
from deeprig_host.machine.refusal import Refused

# Recorded with restic 0.14.0.
SNAPSHOT = {
    "time": "2026-11-21T18:05:48.002916486Z",
    "tree": "1d1f893f",
    "paths": ["/home"],
    "hostname": "rig",
    "username": "root",
    "id": "70ca1afecff15cd2b0579cd9053fad40b645bcab07d6197bc5482d6e7574ce17",
    "short_id": "70ca1afe",
}
NODE = {
    "name": "f4",
    "type": "file",
    "path": "/src/sub/f4",
    "uid": 1234,
    "gid": 1235,
    "size": 300000,
    "mode": 8389096,
    "permissions": "urwxr-x---",
    "mtime": "2026-11-21T18:05:44.955312173Z",
    "atime": "2026-11-21T18:05:44.955312173Z",
    "ctime": "2026-11-21T18:05:45.155630471Z",
    "struct_type": "node",
}


def test_a_node_keeps_nanoseconds_owner_and_the_set_user_id_bit():
    node = parse_node(NODE)
    assert (node.kind, node.size_bytes, node.uid, node.gid) == ("file", 300_000, 1234, 1235)
    assert node.mode == 0o4750
    assert node.mtime_ns == 1_795_284_344_955_312_173


@pytest.mark.parametrize("spoilt", ["path", "mtime", "uid"])
def test_a_node_without_what_is_needed_is_told(spoilt):
    with pytest.raises(Refused, match="does not know"):
        parse_node({key: value for key, value in NODE.items() if key != spoilt})
    with pytest.raises(Refused, match="does not know"):
        parse_node(NODE | {spoilt: {}} if spoilt != "path" else "text")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:01Z", 1_000_000_000),
        ("1970-01-01T00:00:01.5Z", 1_500_000_000),
        ("1970-01-01T01:00:00.000000007+01:00", 7),
        ("1969-12-31T19:00:00-05:00", 0),
    ],
)
def test_times_are_told_in_nanoseconds(text, expected):
    assert parse_time_ns(text) == expected


@pytest.mark.parametrize("text", ["", "yesterday", "2026-11-21", "2026-11-21T18:05:48"])
def test_what_is_no_time_is_no_time(text):
    with pytest.raises(ValueError, match="is no time"):
        parse_time_ns(text)


def test_snapshots_come_oldest_first():
    newer = SNAPSHOT | {"id": "b" * 64, "time": "2026-11-22T00:00:00+01:00", "tags": ["deeprig"]}
    found = parse_snapshots([newer, SNAPSHOT])
    assert [one.short_id for one in found] == ["70ca1afe", "bbbbbbbb"]
    assert found[1].tags == ("deeprig",)


SNAPSHOTS = (
    Snapshot("aa11", 1, "rig", ("/home",)),
    Snapshot("aa22", 2, "rig", ("/home",)),
    Snapshot("bb33", 3, "other", ("/home",)),
)


def test_latest_is_the_newest_of_this_host():
    assert choose(SNAPSHOTS, "latest", "rig").id == "aa22"


def test_an_id_may_be_short_and_of_another_host():
    assert choose(SNAPSHOTS, "bb", "rig").id == "bb33"


def test_one_that_a_wrong_clock_dated_into_the_future_is_only_chosen_by_its_id():
    ahead = Snapshot("ff99", time.time_ns() + 86_400 * 10**9, "rig", ("/home",))
    assert choose((*SNAPSHOTS, ahead), "latest", "rig").id == "aa22"
    assert choose((*SNAPSHOTS, ahead), "ff", "rig") == ahead
    with pytest.raises(Refused, match="no snapshots fit"):
        choose((ahead,), "latest", "rig")


@pytest.mark.parametrize(("wanted", "host"), [("aa", "rig"), ("cc", "rig"), ("", "rig")])
def test_an_id_that_fits_none_or_two_is_refused(wanted, host):
    with pytest.raises(Refused, match="snapshots fit") as told:
        choose(SNAPSHOTS, wanted, host)
    assert told.value.evidence


def test_a_host_without_a_snapshot_has_no_latest():
    with pytest.raises(Refused, match="no snapshots fit 'latest' of host 'new'"):
        choose(SNAPSHOTS, "latest", "new")


def test_a_path_is_no_pattern():
    assert pattern_of("/a/*[x]?\\b") == "/a/\\*\\[x]\\?\\\\b"
