"""Which part of the data is read next."""

import pytest
from deeprig_host.backup.check_progress import Progress, groups_of, read_progress
from deeprig_host.backup.declared import Repository


@pytest.mark.parametrize(
    ("subset", "groups"),
    [
        ("5%", 20),
        ("2.5%", 40),
        ("30%", 4),
        ("100%", 1),
        ("0.1%", 256),
        ("1/12", 12),
        ("3/7", 7),
        ("500M", None),
        ("0%", None),
    ],
)
def test_a_share_is_a_number_of_runs(subset, groups):
    assert groups_of(subset) == groups


def test_groups_come_in_turn_and_begin_again():
    progress = Progress(3)
    seen = []
    for now in range(1, 5):
        seen.append((progress.next_group, progress.all_read_since))
        progress = progress.with_good(progress.next_group, float(now))
    assert seen == [(1, None), (2, None), (3, None), (1, 1.0)]
    assert progress.all_read_since == 2.0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"groups": 4, "last_good": 2, "read_at": [1, 2, 0, 0]}',
        '{"groups": 3, "last_good": 9, "read_at": [1, 2, 0]}',
        '{"groups": 3, "last_good": 2, "read_at": null}',
    ],
)
def test_progress_that_is_spoilt_or_of_another_share_begins_again(machine, text):
    place = machine.path("/var/lib/deeprig/backup/check/disk.json")
    place.parent.mkdir(parents=True)
    place.write_text(text)
    repository = Repository("disk", "/r", "/p", check_subset="1/3")
    assert read_progress(machine, repository) == Progress(3)


def test_progress_goes_on_where_it_was(machine):
    place = machine.path("/var/lib/deeprig/backup/check/disk.json")
    place.parent.mkdir(parents=True)
    place.write_text('{"groups": 3, "last_good": 2, "read_at": [1, 2, 0]}')
    found = read_progress(machine, Repository("disk", "/r", "/p", check_subset="1/3"))
    assert (found.next_group, found.read_at) == (3, (1.0, 2.0, 0.0))
