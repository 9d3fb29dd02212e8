"""The log of Xid errors: from the journal by its cursors, bounded, nothing twice, nothing lost."""

import json
from dataclasses import dataclass, field

import pytest
from deeprig_host.alerts.xid_log import CURSOR, KEPT_OF_A_KIND, LOG, MOST_LINES, gather
from deeprig_host.machine.commands import Done, Machine
from deeprig_host.machine.refusal import Refused

XID = "NVRM: Xid (PCI:0000:01:00): 79, pid=1, name=python, GPU has fallen off the bus."


@dataclass
class SimulatedJournal:
    """journalctl as systemd 252 answers it; cursors are ``c0``, ``c1``, ..."""

    lines: list = field(default_factory=list)
    first: int = 0
    fails: str = ""
    calls: list = field(default_factory=list)

    def __call__(self, *words, seconds=60, **_):
        self.calls.append(words)
        assert words[0] == "journalctl"
        assert "_TRANSPORT=kernel" in words
        assert "-k" not in words, "that would be this boot only"
        if self.fails:
            return Done(words, 1, err=self.fails)
        entries = [self.entry(number) for number in range(self.first, len(self.lines))]
        if "--lines=1" in words:
            return Done(words, 0, "".join(entries[-1:]))
        after = [word.partition("=")[2] for word in words if word.startswith("--after-cursor")]
        if after and not after[0].startswith("c"):
            return Done(words, 1, err="Failed to seek to cursor: Invalid argument")
        if after:
            entries = [
                self.entry(number)
                for number in range(max(self.first, int(after[0][1:]) + 1), len(self.lines))
            ]
        found = [entry for entry in entries if "Xid" in entry]
        return Done(words, 0 if found else 1, "".join(found))

    def entry(self, number):
        told = {
            "__CURSOR": f"c{number}",
            "__REALTIME_TIMESTAMP": str((1_800_000_000 + number) * 1_000_000),
            "MESSAGE": self.lines[number],
        }
        return json.dumps(told) + "\n"


@pytest.fixture
def journal():
    return SimulatedJournal()


@pytest.fixture
def machine(tmp_path, journal):
    return Machine(tmp_path, journal)


def logged(machine):
    return [json.loads(line) for line in (machine.text(LOG) or "").splitlines()]


def test_an_error_is_logged_once(machine, journal):
    journal.lines = ["usb 1-1: new device", XID]
    assert gather(machine).count == 1
    assert gather(machine).count == 0
    journal.lines.append("eth0: link up")
    assert gather(machine).count == 0
    assert logged(machine) == [
        {
            "time": 1_800_000_001.0,
            "address": "0000:01:00.0",
            "code": 79,
            "text": "GPU has fallen off the bus.",
            "cursor": "c1",
        }
    ]
    assert machine.path(LOG).stat().st_mode & 0o777 == 0o644


def test_where_nothing_is_new_the_journal_is_not_searched(machine, journal):
    journal.lines = [XID]
    gather(machine)
    journal.calls.clear()
    gather(machine)
    assert [("--lines=1" in call) for call in journal.calls] == [True]


def test_only_what_is_new_is_asked_for(machine, journal):
    journal.lines = [XID]
    gather(machine)
    journal.lines.append(XID.replace("79", "48"))
    gather(machine)
    assert "--after-cursor=c0" in journal.calls[-1]
    assert [one["code"] for one in logged(machine)] == [79, 48]


def test_a_run_that_was_cut_before_its_cursor_logs_nothing_twice(machine, journal):
    journal.lines = [XID]
    gather(machine)
    machine.path(CURSOR).unlink()
    assert gather(machine).count == 0
    assert len(logged(machine)) == 1


def test_a_cursor_that_leads_nowhere_begins_anew_and_says_so(machine, journal):
    journal.lines = [XID]
    gather(machine)
    machine.path(CURSOR).write_text("spoilt\n")
    journal.lines.append(XID)
    found = gather(machine)
    assert (found.count, len(logged(machine))) == (1, 2)
    assert "leads nowhere" in found.remarks[0]
    assert gather(machine).remarks == ()


def test_a_journal_that_was_vacuumed_keeps_the_log(machine, journal):
    journal.lines = [XID, "a", "b"]
    gather(machine)
    journal.first = 2
    journal.lines.append("c")
    assert gather(machine).count == 0
    assert len(logged(machine)) == 1


def test_a_flood_of_one_code_does_not_push_out_another(machine, journal):
    journal.lines = [XID] + [XID.replace(" 79,", " 31,")] * (MOST_LINES + 1)
    gather(machine)
    codes = [one["code"] for one in logged(machine)]
    assert (codes.count(79), codes.count(31)) == (1, KEPT_OF_A_KIND)
    assert logged(machine)[-1]["cursor"] == f"c{MOST_LINES + 1}", "the newest stay"


def test_a_spoilt_line_of_the_log_costs_only_itself(machine, journal):
    journal.lines = [XID]
    gather(machine)
    path = machine.path(LOG)
    path.write_text('{"time": 17' + "\n[1]\n" + path.read_text())
    journal.lines.append(XID)
    gather(machine)
    assert [one["cursor"] for one in logged(machine)] == ["c0", "c1"]


def test_a_line_that_is_no_text_is_read(machine, journal):
    journal.lines = ["x"]
    entry = {"__CURSOR": "c0", "__REALTIME_TIMESTAMP": "5000000", "MESSAGE": list(XID.encode())}
    journal.entry = lambda number: json.dumps(entry | {"Xid": 1}) + "\n"
    gather(machine)
    assert [(one["time"], one["code"]) for one in logged(machine)] == [(5.0, 79)]


def test_no_journal_is_refused_with_its_words(machine, journal):
    journal.fails = "No journal files were opened due to insufficient permissions."
    with pytest.raises(Refused) as refused:
        gather(machine)
    assert refused.value.evidence == (journal.fails,)
    assert "root" in refused.value.remedy


def test_a_host_without_any_kernel_line_has_no_log(machine):
    assert gather(machine).count == 0
    assert not machine.path(LOG).exists()


def test_where_the_log_cannot_be_written_the_cursor_stays(machine, journal, monkeypatch):
    journal.lines = [XID]

    def full(path, text, mode=0o600):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("deeprig_host.alerts.xid_log.place_text", full)
        with pytest.raises(OSError, match="No space"):
            gather(machine)
    assert gather(machine).count == 1, "nothing is lost"
