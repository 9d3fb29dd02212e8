"""What a restore did, as a document that stays small and names what went wrong first."""

from deeprig_host.backup.declared import Repository
from deeprig_host.backup.restore import Restored, Wish
from deeprig_host.backup.restored_show import restored_document, restored_text
from deeprig_host.backup.rule import Placed
from deeprig_host.backup.snapshots import Snapshot

DISK = Repository("disk", "/srv", "/p")
SNAPSHOT = Snapshot("85af55df99", 1_700_000_000_500_000_000, "rig", ("/home",))


def placed(action, number):
    return tuple(Placed(f"/home/{action}{n}", action, "why") for n in range(number))


def document(*things, is_dry_run=False):
    done = Restored(SNAPSHOT, things, 7, len(things))
    return restored_document(done, Wish(("/home",)), DISK, is_dry_run=is_dry_run)


def test_every_action_is_counted_and_named_by_urgency():
    told = document(
        *placed("created", 2), *placed("same", 3), *placed("kept", 1), *placed("failed", 1)
    )
    assert told["counts"] == {"created": 2, "failed": 1, "kept": 1, "same": 3}
    assert [one["action"] for one in told["placed"]] == ["failed", "kept", "created", "created"]
    assert (told["left_out"], told["is_good"]) == (0, False)
    when, is_complete = 1_700_000_000.5, True
    assert told["snapshot"] == {
        "id": "85af55df99",
        "host": "rig",
        "time": when,
        "is_complete": is_complete,
    }


def test_of_very_many_the_first_are_named_and_the_others_counted():
    told = document(*placed("created", 6000), *placed("conflict", 2))
    assert len(told["placed"]) == 5000
    assert told["left_out"] == 1002
    assert told["placed"][0]["action"] == "conflict"
    assert told["counts"]["created"] == 6000


def test_people_read_fifty_and_how_many_more():
    text = restored_text(Restored(SNAPSHOT, placed("kept", 60), 7, 60), is_done=True)
    assert text.startswith("restored, of snapshot 85af55df: 60 kept\n  kept: /home/kept0: why\n")
    assert text.endswith("  and 10 more: --json names more\n")
    assert len(text.splitlines()) == 52


def test_a_name_that_is_no_text_does_not_stop_the_words():
    bad = Placed("/home/\udcff", "failed", "why")
    text = restored_text(Restored(SNAPSHOT, (bad,), 0, 1), is_done=False)
    assert text == "a dry run, of snapshot 85af55df: 1 failed\n  failed: /home/\\udcff: why\n"
