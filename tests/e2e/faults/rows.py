"""The table of docs/faults.md: fault, seed, state after, result of the re-run.

    python -m tests.e2e.faults.rows     write the page from the rows of the last test runs

A row is made by ``settle``, which proves what the row says; no test writes one by hand.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any

from tests.e2e.fault_page import FaultPage, line_of
from tests.e2e.faults.catalogue import FAULTS
from tests.e2e.faults.fault_lab import HOST, FaultLab
from tests.e2e.faults.virtual_lab import VirtualLab
from tests.e2e.gpu_lab import changed

_HEAD = """# Faults and interruptions, one by one

Written by `python -m tests.e2e.faults.rows` from what `tests/e2e/faults` saw; the tests fail when a
row is missing or differs. Hosts are systemd containers with real SSH, apt and dpkg. Their archive
has the distribution's own packages under a signing key of the tests. The roles of GPUs run on
simulated GPU machines, the role `network` on a host with netplan.

"state after" is the host when the run had ended: whether it answers and what `dpkg --audit` says.
Every row's host was then run again without the fault: that run exits 0, `deeprig verify` exits 0,
`dpkg --audit` is empty, and a third run changes nothing. A power cut ends every process of a
container at once; only the virtual machine also loses what was not synced to its disk.

"""
PAGE = FaultPage("faults", _HEAD, ("fault", "seed", "exit", "told", "state after", "re-run"))
CONVERGED = "converges, verified, third run changes nothing"
_SEEN: dict[tuple[str, str], Row] = {}


@dataclass(frozen=True, slots=True)
class Row:
    """What one fault led to. ``seed`` is empty where nothing was drawn."""

    fault: str
    seed: str
    exit: str
    told: str
    after: str
    again: str

    def line(self) -> str:
        """Return the row as Markdown."""
        return line_of(
            (self.fault, self.seed or "-", self.exit, general(self.told), self.after, self.again)
        )


def state_of(lab: FaultLab | VirtualLab) -> str:
    """Return what the host is like: it must answer."""
    audit = lab.root("dpkg --audit")
    return "answers, packages half done" if audit else "answers, packages whole"


def converge(lab: FaultLab | VirtualLab) -> str:
    """Run again without the fault, verify, run a third time; each must be good."""
    lab.run("apply")
    assert lab.root("dpkg --audit") == ""
    verified = lab.json("verify", code=None)
    bad = [c for c in verified["hosts"][0]["checks"] if c["outcome"] != "pass"]
    assert verified["exit_code"] == 0, bad
    assert changed(lab.json("apply")) == []
    return CONVERGED


def record(lab: FaultLab | VirtualLab, row: Row) -> Row:
    """Run again, and add the row with what that led to."""
    if (row.fault, row.seed) not in FAULTS:
        raise ValueError(f"{row.fault} is not in the catalogue of faults")
    done = Row(row.fault, row.seed, row.exit, row.told, row.after, converge(lab))
    _SEEN[row.fault, row.seed] = done
    return done


def told(document: dict[str, Any], words: str) -> str:
    """Return the line of a report that has the words: the reason, or what an operation printed."""
    host = next(h for h in document["hosts"] if h["host"] == HOST)
    said = [host["reason"] or "", host["remedy"] or ""]
    said += [o["output"] for o in host["operations"] if o["status"] == "failed"]
    lines = [line for text in said for line in text.splitlines()]
    assert any(words in line for line in lines), lines
    return next(line for line in lines if words in line).strip()


def general(line: str) -> str:
    """Return a line without what differs from run to run."""
    for pattern, plain in (
        (r"pid \d+", "pid N"),
        (r"\(?http://\S+", "URL"),
        (r"/tmp/\S+", "PATH"),
        (r"127\.0\.0\.1:\d+", "ADDRESS"),
        (r"\d+ (B|kB|bytes)\b", r"N \1"),
        (r"\b[0-9A-F]{16,40}\b", "KEY"),
        (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", "TIME"),
        (r"\S+@\S+, pid N", "USER@CONTROLLER, pid N"),
        (r"_[\w.+~-]+_(amd64|all)\.deb", "_VERSION_\\1.deb"),
        (r"\b\d+ s\b", "N s"),
        (r"\d+s\b", "Ns"),
        (r"\d+(d|h|min) ", r"N\1 "),
    ):
        line = re.sub(pattern, plain, line.strip())
    return line


def save() -> None:
    """Keep the rows of this run; those of other runs stay, so that a part can be run alone."""
    kept = {(row["fault"], row["seed"]): row for row in PAGE.load()}
    kept |= {key: asdict(row) for key, row in _SEEN.items()}
    if _SEEN:
        PAGE.save([kept[key] for key in FAULTS if key in kept])


def seen() -> tuple[Row, ...]:
    """Return the rows of this test run."""
    return tuple(_SEEN.values())


if __name__ == "__main__":
    PAGE.write(Row(**row).line() for row in PAGE.load())
