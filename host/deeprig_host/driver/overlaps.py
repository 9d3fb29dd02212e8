"""Files that change their owner within a driver change, which dpkg refuses unless it is told.

NVIDIA's ``nvidia-persistenced`` has the daemon that is in Ubuntu's ``nvidia-compute-utils-580``;
both are in the set when the driver moves from one source to the other, neither names the other in
Replaces, and apt unpacks the one before the other is exchanged (dpkg(1), --force-overwrite).
"""

from __future__ import annotations

from deeprig_host.driver.apt import Step
from deeprig_host.driver.deb_store import Archive, store_path
from deeprig_host.machine.commands import Machine

_ALLOWED = ("-o", "Dpkg::Options::=--force-overwrite")
#: Characters that make a path a pattern for ``dpkg-query -S``.
_PATTERN = frozenset("*?[]\\")


def overwriting(machine: Machine, steps: tuple[Step, ...]) -> tuple[str, ...]:
    """Return apt's options for a change whose files move between the very packages it exchanges.

    Nothing where no file moves, and nothing where one belongs to a package that stays: dpkg then
    refuses, as it should. Every new .deb is in the store.
    """
    if all(step.old and step.new for step in steps):
        return ()  # the same packages at another version: they know each other
    leaving = {step.name for step in steps if step.old}
    wanted = {path: step.name for step in steps if step.new for path in _files(machine, step)}
    taken = {
        owner
        for path, owners in _owners(machine, tuple(wanted)).items()
        for owner in owners - {wanted[path]}
    }
    return _ALLOWED if taken and taken <= leaving else ()


def _files(machine: Machine, step: Step) -> tuple[str, ...]:
    """Return what a kept .deb contains but directories (dpkg-deb(1), --contents)."""
    archive = store_path(machine) / Archive(step.name, step.architecture, step.new).file
    rows = machine.run("dpkg-deb", "--contents", str(archive), seconds=600).out.splitlines()
    names = (row.split(None, 5)[5] for row in rows if row and not row.startswith("d"))
    # Links are told with what they lead to.
    paths = (name.partition(" -> ")[0].partition(" link to ")[0] for name in names)
    return tuple(path.removeprefix(".") for path in paths)


def _owners(machine: Machine, paths: tuple[str, ...]) -> dict[str, set[str]]:
    """Return the installed packages that have each path; one that nobody has is left out."""
    asked = [path for path in paths if not _PATTERN & set(path)]
    if not asked:
        return {}
    found: dict[str, set[str]] = {}
    for row in machine.run("dpkg-query", "-S", *asked).out.splitlines():
        names, _, path = row.rpartition(": ")
        if not names.startswith(("diversion by", "local diversion")):
            found[path] = {name.partition(":")[0] for name in names.split(", ")}
    return found
