"""No room for bytes or inodes, or no right to write: told, and caught up when there is."""

from __future__ import annotations

import pytest

from tests.e2e.faults import disks, rows
from tests.e2e.faults.fault_lab import FURTHER
from tests.e2e.faults.rows import Row

_FILL = {"disk full": disks.fill_bytes, "inodes used up": disks.fill_inodes}
_NO_SPACE, _APT_LOOKED = "No space left", "enough free space"


@pytest.fixture
def ready(faulty):
    """A settled host that is to get more packages and another limit."""
    faulty.start_settled()
    limits = faulty.base_settings().get("limits", {}) | {"nofile": 4096}
    faulty.declare(FURTHER, disks.BOOT_PACKAGE.name, limits=limits)
    return faulty


def refused(lab, fault, words, end):
    """Apply with the fault: it fails and says why; end the fault, and the next run does it."""
    document = lab.json("apply", code=1)
    row = Row(fault, "", "1", rows.told(document, words), rows.state_of(lab), "")
    end()
    rows.record(lab, row)
    lab.root(f"command -v {FURTHER}")


@pytest.mark.parametrize(
    ("fault", "words"),
    [("disk full", _APT_LOOKED), pytest.param("inodes used up", _NO_SPACE, marks=pytest.mark.full)],
)
def test_a_root_without_room(ready, fault, words):
    with disks.small_root(ready):
        _FILL[fault](ready, "/root")
        refused(ready, f"{fault}: /", words, lambda: disks.empty(ready, "/root"))


@pytest.mark.parametrize(
    ("fault", "where", "words"),
    [
        ("disk full", "/boot", _NO_SPACE),
        ("inodes used up", "/boot", _NO_SPACE),
        ("disk full", "/var", _APT_LOOKED),
        ("inodes used up", "/var", _NO_SPACE),
    ],
)
@pytest.mark.full
def test_a_file_system_without_room(ready, fault, where, words):
    disks.shrink(ready, where)
    _FILL[fault](ready, where)
    refused(ready, f"{fault}: {where}", words, lambda: disks.empty(ready, where))


@pytest.mark.parametrize("where", ["/usr", "/etc", "/var"])
@pytest.mark.full
def test_a_file_system_that_cannot_be_written(ready, where):
    """As the kernel leaves one after an error on the disk (mount(8), errors=remount-ro)."""
    ready.root(f"mount --bind {where} {where} && mount -o remount,ro,bind {where}")
    refused(
        ready,
        f"read-only: {where}",
        "Read-only file system",
        lambda: ready.root(f"mount -o remount,rw,bind {where}"),
    )


@pytest.mark.full
def test_a_tmp_that_lets_no_program_start(faulty):
    """From a stock host, with conda: its installer is a program that arrives by the network."""
    faulty.start_from("fresh")
    faulty.declare(conda=True)
    faulty.root("mount -o remount,noexec /tmp")
    faulty.root("cp /bin/true /tmp/ && ! /tmp/true 2>/dev/null")
    assert faulty.json("apply")["exit_code"] == 0
    rows.record(faulty, Row("/tmp noexec", "", "0", "nothing", rows.state_of(faulty), ""))
