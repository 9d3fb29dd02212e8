"""What is mounted, by the kernel's own list, and which network mounts do not answer any more.

The list asks no file system (proc(5), mountinfo). stat(2) on a network mount whose server is gone
may never return, so what could be dead is asked by another process, which can be killed.
"""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass

from deeprig_host.machine.commands import Machine, environment_of

ANSWER_SECONDS = 20.0
_LET_GO_SECONDS = 1.0
#: Kinds of file systems whose data another machine, or a program, has.
_REMOTE = re.compile(
    r"nfs|nfs4|cifs|smb3|smbfs|9p|ceph|glusterfs|lustre|beegfs|gpfs|afs|ncpfs|fuse|fuse\..+|fuseblk"
)
_ESCAPE = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True, slots=True)
class Mount:
    """A mount: where, of which kind (``nfs4``), and what (``nas:/home``)."""

    path: str
    kind: str
    source: str

    @property
    def is_remote(self) -> bool:
        """Say whether it may hang: its data is not of this machine's kernel alone."""
        return _REMOTE.fullmatch(self.kind) is not None


def mounts(machine: Machine) -> tuple[Mount, ...]:
    """Return the mounts below the machine's root, none where the kernel tells none."""
    root = str(machine.root).rstrip("/")
    found = (_parse(line) for line in (machine.text("/proc/self/mountinfo") or "").splitlines())
    return tuple(
        Mount(one.path[len(root) :] or "/", one.kind, one.source)
        for one in found
        if one is not None and is_in(one.path, root or "/")
    )


def is_mounted(machine: Machine, path: str) -> bool:
    """Say whether something is mounted at a path; only a path that leads over links is asked."""
    return any(one.path == path for one in mounts(machine)) or os.path.ismount(machine.path(path))


def silent(machine: Machine, paths: Iterable[str]) -> tuple[Mount, ...]:
    """Return the remote mounts that hold, or lie below, a path, and do not answer in time."""
    wanted = tuple(paths)
    asked = [
        (one, _ask(str(machine.path(one.path))))
        for one in mounts(machine)
        if one.is_remote and any(is_in(path, one.path) or is_in(one.path, path) for path in wanted)
    ]
    end = time.monotonic() + ANSWER_SECONDS
    return tuple(one for one, process in asked if not _has_answered(process, end))


def answers(machine: Machine, mount: Mount) -> bool:
    """Say whether a mount answers in time."""
    process = _ask(str(machine.path(mount.path)))
    return _has_answered(process, time.monotonic() + ANSWER_SECONDS)


def is_in(path: str, directory: str) -> bool:
    """Say whether a path is a directory or lies in it, by their texts."""
    return path == directory or path.startswith(directory.rstrip("/") + "/")


def _ask(place: str) -> subprocess.Popen[bytes]:
    """Have the first entry of a directory read by another process."""
    words = ("find", place, "-mindepth", "1", "-maxdepth", "1", "-quit")
    null = subprocess.DEVNULL
    return subprocess.Popen(words, stdin=null, stdout=null, stderr=null, env=environment_of())


def _has_answered(process: subprocess.Popen[bytes], end: float) -> bool:
    """Say whether it ended, well or with an error: both are an answer."""
    try:
        process.wait(max(0.0, end - time.monotonic()))
    except subprocess.TimeoutExpired:
        process.kill()
        _reap(process)
        return False
    return True


def _reap(process: subprocess.Popen[bytes]) -> None:
    """Wait a moment for a killed process; one that even that does not end is left to the kernel."""
    try:
        process.wait(_LET_GO_SECONDS)
    except subprocess.TimeoutExpired:
        process.returncode = -9  # nobody waits for it any more


def _parse(line: str) -> Mount | None:
    """Return the mount of a line of mountinfo, None for one that is none."""
    before, _, after = line.partition(" - ")
    left, right = before.split(), after.split()
    if len(left) < 5 or len(right) < 2:
        return None
    return Mount(_plain(left[4]), right[0], _plain(right[1]))


def _plain(text: str) -> str:
    return _ESCAPE.sub(lambda found: chr(int(found[1], 8)), text)
