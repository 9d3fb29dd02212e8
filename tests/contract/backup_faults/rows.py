"""The table of docs/backup-faults.md: rows that tests saw, never written by hand.

python -m tests.contract.backup_faults.rows     write the page from the rows of the last test run
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from tests.e2e.fault_page import FaultPage, line_of

_HEAD = """# Backups: fault by fault

Written by `python -m tests.contract.backup_faults.rows` from what `tests/contract/backup_faults`
saw; the tests fail when a row is missing or differs. restic, its repositories, file systems, mounts
and killed processes are real; what is simulated is named so. Full test runs see every row with
restic 0.14 (Debian 12) and 0.18 (Debian 13).

"found by" is the job that failed on it (exit code 1), and "told" stands in its reasons: in
`deeprig backup status`, in the journal, and in alerts. No job was called good while its snapshot
would not restore, except where "found by" names only check and drill: a backup reads none of what
it wrote before. "none" is a fault that the next run goes on from by itself. "afterwards" is that
run, when the fault was gone: a backup, a check that read all data, and a drill were good, and all
files were restored and compared.

"""
PAGE = FaultPage("backup-faults", _HEAD, ("fault", "found by", "told", "afterwards"))
AGAIN = "good, all restored"
_SEEN: dict[str, Row] = {}


@dataclass(frozen=True, slots=True)
class Row:
    """What one fault led to."""

    fault: str
    found_by: str
    told: str
    afterwards: str

    def line(self) -> str:
        """Return the row as Markdown."""
        return line_of((self.fault, self.found_by, self.told, self.afterwards))


def record(fault: str, found_by: str, told: str, afterwards: str) -> None:
    """Add a row; ``told`` must have been seen by the test."""
    if fault not in FAULTS:
        raise ValueError(f"{fault} is not in the catalogue of faults")
    _SEEN[fault] = Row(fault, found_by, told, afterwards)


def save() -> None:
    """Keep the rows of this run; those of other runs stay, so that a part can be run alone."""
    kept = {row["fault"]: row for row in PAGE.load()}
    kept |= {fault: asdict(row) for fault, row in _SEEN.items()}
    if _SEEN:
        PAGE.save([kept[fault] for fault in FAULTS if fault in kept])


def seen() -> tuple[Row, ...]:
    """Return the rows of this run."""
    return tuple(_SEEN.values())


#: Every fault that the page has, in its order.
FAULTS = (
    "the repository is gone",
    "the repository's disk is not mounted",
    "the repository's server does not answer (a network mount whose server is gone)",
    "the repository's disk is full",
    "locked by a process that died on this machine",
    "locked by a living process",
    "wrong password",
    "a byte turned in a pack",
    "a pack is gone",
    "an index is spoilt",
    "a snapshot's file is spoilt",
    "a source is gone",
    "a source goes after it was looked at",
    "a source is empty, and was not",
    "a file gives an I/O error",
    "a file goes while the backup runs",
    "a file grows while it is read",
    "a network mount in a source does not answer",
    "a network mount stops answering while it is read",
    "a network mount in a source is stale",
    "power cut in a backup",
    "power cut while old snapshots are forgotten",
    "power cut in a drill",
    "the clock jumps 2 years forward, and back (simulated)",
    "the clock falls 2 years back, and is set right (simulated)",
    "the disk is full in a drill",
)

if __name__ == "__main__":
    PAGE.write(Row(**row).line() for row in PAGE.load())
