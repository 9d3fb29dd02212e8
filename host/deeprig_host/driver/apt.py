"""Ask apt-get: what it would do, and to do it; never a question to anybody."""

from __future__ import annotations

import re
from dataclasses import dataclass

from deeprig_host.machine.commands import Done

#: For every apt and dpkg call: debconf(7), needrestart(1), apt-listchanges(1).
QUIET = {
    "DEBIAN_FRONTEND": "noninteractive",
    "NEEDRESTART_SUSPEND": "1",
    "NEEDRESTART_MODE": "l",
    "APT_LISTCHANGES_FRONTEND": "none",
    "UCF_FORCE_CONFFOLD": "1",
}
_STEP = re.compile(
    r"^(Inst|Remv|Purg|Conf) ([^\s:]+)(?::(\S+))?(?: \[([^\]]*)\])?(?: \((\S+) .*?\[(\S+)\]\))?"
)
#: dpkg names the package in one line and says what is wrong in the next.
_NAMED = re.compile(r"^dpkg: error processing ")
_TROUBLE = re.compile(r"^(E: |Err|W: Failed|dpkg: error|dpkg-deb: error|Error!|\s+\d+ {2})")


@dataclass(frozen=True, slots=True)
class Step:
    """One package that apt would change. ``old`` is "" for a new one, ``new`` for a removal."""

    action: str
    name: str
    architecture: str
    old: str
    new: str


def words(lock_wait_seconds: int, *more: str) -> tuple[str, ...]:
    """Return the start of an apt-get command."""
    return (
        *("apt-get", "-y", "-q", "-o", "Dpkg::Use-Pty=0"),
        *("-o", f"DPkg::Lock::Timeout={lock_wait_seconds}"),
        *("-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold"),
        *("-o", "APT::Keep-Downloaded-Packages=true"),
        *more,
    )


def parse_simulation(text: str) -> tuple[Step, ...]:
    """Return what ``apt-get -s`` would install and remove, in its order."""
    found = (_STEP.match(line) for line in text.splitlines())
    steps = (m for m in found if m and m[1] != "Conf")
    return tuple(Step(m[1], m[2], m[6] or m[3] or "", m[4] or "", m[5] or "") for m in steps)


def trouble(done: Done, lines: int = 12) -> tuple[str, ...]:
    """Return the lines that say what went wrong; the last lines where none says so."""
    told = [line.rstrip() for line in (done.out + "\n" + done.err).splitlines()]
    bad = [
        line.strip()
        for before, line in zip(["", *told], told, strict=False)
        if _TROUBLE.match(line) or _NAMED.match(before)
    ]
    return tuple(bad[-lines:]) or done.tail(lines)


def unmet_dependencies(done: Done) -> tuple[str, ...]:
    """Return apt's explanation of packages that do not fit together."""
    told = (done.out + "\n" + done.err).splitlines()
    start = next((n for n, line in enumerate(told) if "unmet dependencies" in line), None)
    if start is None:
        return ()
    block = [line.strip() for line in told[start + 1 :]]
    end = next((n for n, line in enumerate(block) if line.startswith("E:") or not line), len(block))
    return tuple(block[:end])
