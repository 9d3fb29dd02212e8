"""Which snapshots cannot be what they claim: by the server's clock, not by the client's word."""

import os

import pytest
from deeprig_host.backup.snapshots import Snapshot
from deeprig_host.backup_server.accepted import accept, accepted_in
from deeprig_host.backup_server.arrivals import Arrival, arrivals, impossible, shrunk
from deeprig_host.backup_server.declared import Keep
from deeprig_host.machine.refusal import Refused

NOW = 1_800_000_000.0
HOUR, DAY = 3600.0, 86400.0
KEEP = Keep(longest_hours=48, smallest_percent=50)


def came(claimed, arrived):
    """A snapshot that claims to be of one time, and came at another; both before now."""
    snapshot = Snapshot("ab" * 32, int((NOW - claimed) * 1e9), "rig1", ("/home",))
    return Arrival(snapshot, None if arrived is None else NOW - arrived)


@pytest.mark.parametrize(
    ("claimed", "arrived"),
    [(HOUR, 0), (400 * DAY, 399 * DAY), (0, 0), (-600, 0), (48 * HOUR, 0)],
)
def test_a_backup_that_took_its_time_is_good(claimed, arrived):
    assert impossible([came(claimed, arrived)], KEEP, NOW) == ()


@pytest.mark.parametrize(
    ("claimed", "arrived", "told"),
    [
        (-365 * DAY, 0, "came before"),
        (-HOUR, 0, "came before"),
        (10 * DAY, 0, "came only"),
        (49 * HOUR, 0, "came only"),
        (HOUR, None, "has no file"),
        (HOUR, -DAY, "the server's clock was wrong"),
    ],
)
def test_a_forged_time_is_told(claimed, arrived, told):
    (reason,) = impossible([came(HOUR, 0), came(claimed, arrived)], KEEP, NOW)
    assert told in reason
    assert reason.startswith("snapshot abababab says 202")


def test_of_a_thousand_forged_ones_a_few_are_shown():
    found = impossible([came(-DAY, 0)] * 1000, KEEP, NOW)
    assert len(found) == 6
    assert found[-1] == "and 995 more"


def test_a_time_that_no_calendar_has_is_told_all_the_same():
    snapshot = Snapshot("ab" * 32, int(9e21), "rig1", ())
    (reason,) = impossible([Arrival(snapshot, NOW)], KEEP, NOW)
    assert "9000000000000 s" in reason


def test_the_newest_must_not_hold_much_less_than_those_before():
    assert shrunk({"rig1": [100, 100, 100, 60]}, KEEP) == ()
    assert shrunk({"rig1": [100]}, KEEP) == ()
    assert shrunk({"rig1": [100, 10, 100, 49], "rig2": [10, 10]}, KEEP) == (
        "the newest snapshot of rig1 holds 49 bytes, earlier ones 100",
    )
    assert shrunk({"rig1": [100, 0]}, Keep(smallest_percent=0)) == ()


def test_the_files_times_are_those_of_the_server(machine):
    snapshot = Snapshot("ab" * 32, int(NOW * 1e9), "rig1", ())
    path = machine.path("/r/snapshots") / snapshot.id
    path.parent.mkdir(parents=True)
    assert arrivals(machine, "/r", [snapshot]) == (Arrival(snapshot, None),)
    path.touch()
    os.utime(path, (1, NOW - 5))
    assert arrivals(machine, "/r", [snapshot]) == (Arrival(snapshot, NOW - 5),)


def test_what_a_person_took_for_good_stays_so(machine):
    assert accepted_in(machine, "rig1") == frozenset()
    accept(machine, "rig1", ["b", "a"])
    assert accepted_in(machine, "rig1") == {"a", "b"}
    assert accepted_in(machine, "rig2") == frozenset()
    (path,) = machine.path("/var/lib/deeprig/backup_server/accepted").iterdir()
    path.write_text("{}")
    with pytest.raises(Refused, match="cannot be read"):
        accepted_in(machine, "rig1")
