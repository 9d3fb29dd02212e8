"""The table of docs/cooling-faults.md: rows that tests saw, never written by hand.

python -m tests.e2e.cooling_page     write the page from the rows of the last test run
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from tests.e2e.fault_page import FaultPage, line_of

_HEAD = """# Cooling: fault by fault

Written by `python -m tests.e2e.cooling_page` from what `tests/e2e/test_cooling.py` saw; the tests
fail when a row differs. The host, systemd, the unit and the daemon are real; the four cards and
their NVML are simulated (`tests/sim/thermal`), under load. What the fans did is read from the
simulated cards themselves, not from what the daemon or NVML says of them.

"by the curve" means that the daemon sets them. "automatic" means that the card's own firmware does.

"""
PAGE = FaultPage(
    "cooling-faults", _HEAD, ("fault", "fans of the cards after it", "told", "afterwards")
)
#: Every fault that the page has, in its order.
FAULTS = (
    "SIGTERM",
    "SIGKILL",
    "the driver hangs in a call: watchdog",
    "one card hangs in every call: watchdog",
    "power cut, then boot",
    "reboot",
    "driver unloaded under it",
    "GPU lost",
    "one card of four tells an absurd temperature",
    "one card of four refuses to have its fans set",
    "one card of four refuses everything about the fans that it gave us",
    "a falling curve in the file on the host",
    "0 % at 90 C in the file on the host",
    "disk full for the history",
    "clock jumps by 400 days (simulated by libfaketime)",
    "a second daemon",
    "the unit beside a daemon that a person started",
    "role switched off",
)
_SEEN: dict[str, Row] = {}


@dataclass(frozen=True, slots=True)
class Row:
    """What one fault led to."""

    fault: str
    fans: str
    told: str
    afterwards: str

    def line(self) -> str:
        """Return the row as Markdown."""
        return line_of((self.fault, self.fans, self.told, self.afterwards))


def record(row: Row) -> None:
    """Add a row of this run."""
    if row.fault not in FAULTS:
        raise ValueError(f"{row.fault} is not in the list of faults")
    _SEEN[row.fault] = row


def seen() -> tuple[Row, ...]:
    """Return the rows of this run."""
    return tuple(_SEEN.values())


def save() -> None:
    """Keep the rows of this run; those of other runs stay, so that a part can be run alone."""
    kept = {row["fault"]: row for row in PAGE.load()}
    kept |= {fault: asdict(row) for fault, row in _SEEN.items()}
    if _SEEN:
        PAGE.save([kept[fault] for fault in FAULTS if fault in kept])


if __name__ == "__main__":
    PAGE.write(Row(**row).line() for row in PAGE.load())
