"""The journal of an open change and the history beside it."""

import json
from dataclasses import dataclass

import pytest
from deeprig_host.machine.journal import Journal, check_phase
from deeprig_host.machine.refusal import Refused

PATH = "/var/lib/x/transaction.json"


@dataclass(frozen=True)
class Move:
    id: str
    phase: str
    files: tuple[str, ...] = ()


def decode(values):
    move = Move(**(values | {"files": tuple(values["files"])}))
    check_phase(move, ("begun", "done"))
    return move


JOURNAL = Journal("x", PATH, decode, remedy="look at {place}")


def test_nothing_is_open_on_a_new_machine(machine):
    assert JOURNAL.read(machine) is None
    assert list(JOURNAL.closed(machine)) == []


def test_what_is_written_is_read_again_and_only_root_reads_it(machine):
    JOURNAL.write(machine, Move("1", "begun", ("a", "b")))
    assert JOURNAL.read(machine) == Move("1", "begun", ("a", "b"))
    assert machine.path(PATH).stat().st_mode & 0o777 == 0o600
    JOURNAL.write(machine, Move("1", "done"))
    assert JOURNAL.read(machine) == Move("1", "done")


def test_a_closed_change_is_history_and_newest_comes_first(machine):
    for identity in ("2026-01", "2026-02"):
        move = Move(identity, "done")
        JOURNAL.write(machine, move)
        JOURNAL.close(machine, move)
        assert JOURNAL.read(machine) is None
    assert [move.id for move in JOURNAL.closed(machine)] == ["2026-02", "2026-01"]
    assert list(JOURNAL.closed(machine, "2026-01")) == [Move("2026-01", "done")]
    assert list(JOURNAL.closed(machine, "2026")) == []


def test_what_changed_nothing_is_forgotten(machine):
    JOURNAL.write(machine, Move("1", "begun"))
    JOURNAL.discard(machine)
    assert JOURNAL.read(machine) is None
    JOURNAL.discard(machine)
    assert list(JOURNAL.closed(machine)) == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "JSONDecodeError: "),
        ("", "JSONDecodeError: "),
        ("[]", "TypeError: "),
        ('{"id": "1"}', "KeyError: 'files'"),
        ('{"id": "1", "phase": "begun", "files": [], "more": 1}', "TypeError: "),
        ('{"id": "1", "phase": "sleeping", "files": []}', "phase 'sleeping' is unknown"),
    ],
)
def test_a_spoilt_journal_is_refused_with_its_place_and_stays(machine, text, told):
    path = machine.path(PATH)
    path.parent.mkdir(parents=True)
    path.write_text(text)
    with pytest.raises(Refused, match="the x journal is unreadable") as refused:
        JOURNAL.read(machine)
    (evidence,) = refused.value.evidence
    assert evidence.startswith(f"{PATH}: ")
    assert told in evidence
    assert (refused.value.outcome, refused.value.remedy) == ("failed", f"look at {PATH}")
    assert path.read_text() == text


def test_a_spoilt_history_names_its_file(machine):
    history = machine.path("/var/lib/x/history")
    history.mkdir(parents=True)
    (history / "1.json").write_text(json.dumps({"id": "1"}))
    with pytest.raises(Refused) as refused:
        list(JOURNAL.closed(machine))
    assert refused.value.evidence[0].startswith(f"{history}/1.json: ")
