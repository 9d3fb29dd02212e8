"""The table fault x outcome of docs/driver-faults.md: rows that tests saw, never written by hand.

python -m tests.e2e.fault_table     write the page from the rows of the last test run
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from tests.e2e.fault_page import FaultPage, line_of

_HEAD = """# Driver changes: fault by fault

Written by `python -m tests.e2e.fault_table` from what `tests/e2e/test_driver_faults.py` saw on its
last run; the tests fail when a row differs. Hosts, SSH, apt, dpkg, DKMS and the kernel headers are
real; GPUs, NVIDIA's user space and loading a module into a container are simulated.

"Bootable" means that the host was rebooted (or its power was cut) afterwards and answered, with a
kernel and an initramfs for its next boot. "dpkg consistent" means that `dpkg --audit` and
`apt-get check` had nothing to say.

"""
_COLUMNS = ("fault", "exit", "driver before", "driver after", "bootable", "dpkg consistent", "told")
PAGE = FaultPage("driver-faults", _HEAD, _COLUMNS)


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
        return line_of(
            (
                self.fault,
                str(self.exit_code),
                self.before,
                self.after,
                "yes" if self.is_bootable else "**no**",
                "yes" if self.is_dpkg_consistent else "**no**",
                self.told,
            )
        )


def save(rows: list[Row]) -> None:
    """Keep the rows of a test run."""
    PAGE.save([asdict(row) for row in rows])


if __name__ == "__main__":
    PAGE.write(Row(**row).line() for row in PAGE.load())
