"""End what a killed benchmark has left: its processes and its network namespace."""

from __future__ import annotations

import re
from pathlib import Path

from benchmarks.fleet.ground import Note
from deeprig.lab import cgroups, network
from deeprig.lab.commands import run

#: Of the process that made it, whose number is in the name.
_OWNED = re.compile(r"deeprig-benchmark-(\d+)")


def sweep(note: Note) -> None:
    """End every cgroup and namespace of a benchmark that does not run any more."""
    for cgroup in sorted(cgroups.root().glob("deeprig-benchmark-*")):
        if is_left(cgroup.name):
            cgroups.end(cgroup)
            note(f"ended {cgroup.name}, left by an earlier run")
    for namespace in sorted(network.NAMESPACES.glob("deeprig-benchmark-*")):
        if is_left(namespace.name):
            run(("ip", "netns", "delete", namespace.name), what="removing a namespace left behind")
            note(f"removed {namespace.name}, left by an earlier run")


def is_left(name: str) -> bool:
    """Say whether the process that a name tells of is gone."""
    found = _OWNED.match(name)
    return found is not None and not Path("/proc", found[1]).exists()
