"""Which snapshot a rebuild takes: the dead machine's, never one that the new machine made."""

import pytest
from deeprig_host.backup.rebuild_source import earlier
from deeprig_host.backup.scratch import PREFIX
from deeprig_host.backup.state import capture
from deeprig_host.backup.state_machine import identity
from deeprig_host.machine.refusal import Refused

OURS, OTHERS = "the new one", "the dead one"


@pytest.fixture
def add(restic, machine_at, tmp_path):
    """Adds a snapshot that a machine of this identity made; returns its id."""

    def make(host, machine_id, *tags, has_state=True):
        machine = machine_at(tmp_path / f"tree{len(restic.rows)}", machine_id)
        if has_state:
            capture(machine, ())
        return restic.add(host, machine.root, *tags)

    return make


@pytest.fixture
def chosen(machine, restic, repository):
    """Returns the id of the snapshot that is chosen; no scratch is left, whatever comes of it."""

    def choose(wanted="latest"):
        try:
            return earlier(machine, restic, repository, "rig", wanted).source.snapshot.id
        finally:
            assert not [*machine.root.rglob(f"{PREFIX}*")]

    return choose


def test_the_newest_of_the_dead_machine_is_taken(machine, restic, add, repository):
    add("rig", OTHERS)
    newest = add("rig", OTHERS)
    add("another", OTHERS)
    found = earlier(machine, restic, repository, "rig", "latest")
    assert found.source.snapshot.id == newest
    assert found.state.machine["identity"] != identity(machine)


def test_what_this_machine_made_is_passed_over_by_its_tag_unseen(machine, restic, add, chosen):
    dead = add("rig", OTHERS, "machine-0123")
    add("rig", OURS, f"machine-{identity(machine)}")
    assert chosen() == dead
    assert restic.restored == [dead]


def test_what_this_machine_made_without_a_tag_is_known_by_its_state(restic, add, chosen):
    dead, ours = add("rig", OTHERS), add("rig", OURS)
    assert chosen() == dead
    assert restic.restored == [ours, dead]


def test_only_snapshots_of_its_own_are_none(add, chosen):
    add("rig", OURS)
    add("another", OTHERS)
    with pytest.raises(Refused, match="no snapshot that another machine made") as refused:
        chosen()
    assert refused.value.evidence == ("there are snapshots of another, rig",)


def test_one_that_lacks_a_source_has_to_be_named(add, chosen):
    whole = add("rig", OTHERS)
    lacking = add("rig", OTHERS, "incomplete")
    with pytest.raises(Refused, match="lacks a source") as refused:
        chosen()
    assert refused.value.evidence == (f"{whole[:8]} is the newest whole one",)
    assert chosen(lacking[:8]) == lacking


def test_a_snapshot_that_is_named_is_taken_whoever_made_it(add, chosen):
    ours = add("rig", OURS)
    assert chosen(ours[:6]) == ours


def test_a_snapshot_without_a_state_is_told(add, chosen):
    add("rig", OTHERS, has_state=False)
    with pytest.raises(Refused, match="does not tell what its machine was"):
        chosen()


def test_a_snapshot_of_another_host_is_not_taken_for_it(restic, add, chosen):
    other = add("another", OTHERS)
    with pytest.raises(Refused, match="is of host 'another', not of 'rig'"):
        chosen(other[:8])
    assert restic.restored == []


@pytest.mark.parametrize("host", ["..", "../../etc", "/etc", ""])
def test_a_host_s_name_leads_to_no_other_directory(machine, restic, repository, host):
    with pytest.raises(Refused, match="is no name of a host"):
        earlier(machine, restic, repository, host, "latest")
    assert restic.asked == []
