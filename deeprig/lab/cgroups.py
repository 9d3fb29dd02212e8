"""A cgroup per machine: everything in it can be found, and ended at once, whoever started it.

Identity by cgroup cannot be mistaken as a process id can, and it finds what a killed
``lab up`` left without having written it down (cgroups(7), cgroup.kill since Linux 5.14).
"""

from __future__ import annotations

import time
from pathlib import Path

from deeprig.errors import DeeprigError, UsageProblem

_ROOTS = (Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/unified"))
_END_SECONDS = 15.0


def root() -> Path:
    """Return the mount of the version 2 hierarchy. Raise UsageProblem where there is none."""
    for candidate in _ROOTS:
        if (candidate / "cgroup.controllers").exists():
            return candidate
    raise UsageProblem(
        "there is no cgroup version 2 hierarchy",
        place="lab",
        remedy="mount one at /sys/fs/cgroup/unified, or use Vagrant instead (docs/lab.md)",
    )


def create(name: str) -> Path:
    """Make the cgroup and return its directory."""
    path = root() / name
    path.mkdir(exist_ok=True)
    return path


def of_lab(lab_id: str) -> tuple[Path, ...]:
    """Return the cgroups of a lab: ``<lab id>-<machine>``."""
    return tuple(sorted(root().glob(f"{lab_id}.*")))


def is_populated(path: Path) -> bool:
    """Say whether a process lives in the cgroup or below it."""
    events = path / "cgroup.events"
    return events.exists() and "populated 1" in events.read_text(encoding="ascii")


def end(path: Path) -> None:
    """End every process in the cgroup and remove it. Raise DeeprigError when one survives."""
    if not path.exists():
        return
    (path / "cgroup.kill").write_text("1", encoding="ascii")
    deadline = time.monotonic() + _END_SECONDS
    while is_populated(path):
        if time.monotonic() > deadline:
            raise DeeprigError("processes survive being killed", place=str(path))
        time.sleep(0.02)  # the kernel reports the end; there is no event to wait on without inotify
    for directory in sorted((p for p in path.rglob("*") if p.is_dir()), reverse=True):
        directory.rmdir()
    path.rmdir()
