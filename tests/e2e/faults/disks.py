"""Small disks for a throwaway host: real ENOSPC for bytes and for inodes, at / or at a directory.

They are tmpfs: the kernel refuses as any file system does, and nothing is left after the test.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from tests.e2e.faults.fault_lab import HOST, FaultLab
from tests.sim.hosts import api
from tests.sim.repository.package import File, Package

_BYTES, _INODES = "700m", 30_000
#: A SIMULATED package that puts a file where kernels lie: base and maintenance themselves do not.
BOOT_PACKAGE = Package(
    "deeprig-boot-probe",
    "1.0",
    files=(File("boot/deeprig-probe.img", b"\0" * 2_000_000),),
    architecture="all",
    maintainer="deeprig tests <tests@deeprig.invalid>",
    description="a file in /boot",
)
_FILL_INODES = """
import os
made = 0
os.makedirs("{where}/filler", exist_ok=True)
try:
    while True:
        open(f"{where}/filler/{{made}}", "w").close()
        made += 1
except OSError as error:
    assert error.errno == 28, error
print(made)
"""


@contextmanager
def small_root(lab: FaultLab) -> Iterator[None]:
    """Have the host's / be on a small file system, with what its disk has now."""
    host = lab.state.host(HOST)
    machine = lab.state.machine(HOST)
    layers, kept = machine / "upper", machine / "upper-kept"
    api.power_off(lab.state, host)
    layers.rename(kept)
    small = machine / "small"
    small.mkdir()
    options = f"size={_BYTES},nr_inodes={_INODES}"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "small", str(small)], check=True)
    try:
        # One file system for both, as an overlay wants them.
        subprocess.run(["cp", "-a", str(kept), str(small / "upper")], check=True)
        shutil.rmtree(machine / "work", ignore_errors=True)
        (small / "work").mkdir()
        for name in ("upper", "work"):
            (machine / name).symlink_to(small / name)
        api.power_on(lab.state, host)
        yield
    finally:
        api.power_off(lab.state, host)
        for name in ("upper", "work"):
            (machine / name).unlink(missing_ok=True)
        subprocess.run(["umount", str(small)], check=True)
        small.rmdir()
        kept.rename(layers)
        (machine / "work").mkdir()


def shrink(lab: FaultLab, where: str) -> None:
    """Have a directory of the running host be a small file system with the same content."""
    lab.root(
        f"mkdir /run/small && mount -t tmpfs -o size={_BYTES},nr_inodes={_INODES} small /run/small"
        f" && cp -a {where}/. /run/small/ && mount --bind /run/small {where}"
    )


def fill_bytes(lab: FaultLab, where: str) -> None:
    """Leave no byte free."""
    # dd ends with ENOSPC: that is what it is for.
    lab.root(f"! dd if=/dev/zero of={where}/filler bs=64k 2>/dev/null")
    assert lab.ssh(HOST, f"echo x > {where}/one-more").returncode != 0


def fill_inodes(lab: FaultLab, where: str) -> None:
    """Leave no inode free; there is plenty of room for bytes."""
    program = _FILL_INODES.format(where=where)
    assert int(lab.root(f"python3 - <<'E'\n{program}\nE")) > 0
    assert lab.ssh(HOST, f"touch {where}/one-more").returncode != 0


def empty(lab: FaultLab, where: str) -> None:
    """Take away what filled it, as a person does who makes room."""
    lab.root(f"rm -rf {where}/filler {where}/one-more")
