"""Holds and automatic marks of packages."""

from __future__ import annotations

from collections.abc import Iterable

from deeprig_host.driver.packages import Installed
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.refusal import Refused


def qualified(package: Installed, native: str) -> str:
    """Return the name that dpkg and apt take for this very package."""
    is_native = package.architecture in (native, "all")
    return package.name if is_native else f"{package.name}:{package.architecture}"


def set_holds(machine: Machine, names: Iterable[str], *, held: bool) -> None:
    """Hold or release installed packages. Raise Refused when dpkg does not take it."""
    lines = "".join(f"{name} {'hold' if held else 'install'}\n" for name in sorted(set(names)))
    if not lines:
        return
    done = machine.run("dpkg", "--set-selections", stdin=lines)
    if not done.is_good:
        verb = "hold" if held else "release"
        raise Refused(
            f"dpkg does not {verb} the driver's packages", evidence=done.tail(), outcome="failed"
        )


def automatic_names(machine: Machine) -> frozenset[str]:
    """Return the packages that apt installed because others need them."""
    return frozenset(machine.run("apt-mark", "showauto").out.split())


def set_automatic(machine: Machine, names: Iterable[str], *, automatic: bool) -> None:
    """Mark packages as installed for others, or as wanted. Raise Refused when apt does not."""
    wanted = sorted(set(names))
    if not wanted:
        return
    done = machine.run("apt-mark", "auto" if automatic else "manual", *wanted)
    if not done.is_good:
        raise Refused(
            "apt does not take the automatic marks", evidence=done.tail(), outcome="failed"
        )
