"""The table fault x outcome of docs/driver-faults.md: rows that tests saw, never written by hand.

python -m tests.e2e.fault_table     write the page from the rows of the last test run
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "driver-faults.md"
SEEN = ROOT / "build" / "driver-faults.json"
_HEAD = """# Driver changes: fault by fault

Written by `python -m tests.e2e.fault_table` from what `tests/e2e/test_driver_faults.py` saw on its
last run; the tests fail when a row differs. Hosts, SSH, apt, dpkg, DKMS and the kernel headers are
real; GPUs, NVIDIA's user space and loading a module into a container are simulated.

"Bootable" means that the host was rebooted (or its power was cut) afterwards and answered, with a
kernel and an initramfs for its next boot. "dpkg consistent" means that `dpkg --audit` and
`apt-get check` had nothing to say.

"""
_COLUMNS = ("fault", "exit", "driver before", "driver after", "bootable", "dpkg consistent", "told")


@dataclass(frozen=True, slots=True)
class Row:
    """What one fault led to. Versions are "none" without a driver."""

    fault: str
    exit_code: int
    before: str
    after: str
    is_bootable: bool
    is_dpkg_consistent: bool
    told: str

    def line(self) -> str:
        """Return the row as Markdown."""
        cells = (
            self.fault,
            str(self.exit_code),
            self.before,
            self.after,
            "yes" if self.is_bootable else "**no**",
            "yes" if self.is_dpkg_consistent else "**no**",
            self.told.replace("|", "\\|"),
        )
        return f"| {' | '.join(cells)} |"


def page(rows: list[Row]) -> str:
    """Return the text of the page."""
    head = f"| {' | '.join(_COLUMNS)} |\n|{'---|' * len(_COLUMNS)}\n"
    return _HEAD + head + "\n".join(row.line() for row in rows) + "\n"


def save(rows: list[Row]) -> None:
    """Keep the rows of a test run."""
    SEEN.parent.mkdir(exist_ok=True)
    SEEN.write_text(json.dumps([asdict(row) for row in rows], indent=2), encoding="utf-8")


if __name__ == "__main__":
    seen = [Row(**row) for row in json.loads(SEEN.read_text(encoding="utf-8"))]
    PAGE.write_text(page(seen), encoding="utf-8")
