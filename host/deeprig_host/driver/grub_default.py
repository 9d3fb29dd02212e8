"""Make a kernel GRUB's default by a drop-in of our own, and undo that."""

from __future__ import annotations

import shlex

from deeprig_host.driver.boot_entries import GRUB_CFG, next_entry_release, read_entries
from deeprig_host.driver.kernels import installed_releases, next_release, running_release
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.durable import place_text
from deeprig_host.machine.refusal import Refused

DROP_IN = "/etc/default/grub.d/60-deeprig-kernel-gate.cfg"
_SECONDS = 300


def is_set(machine: Machine) -> bool:
    """Say whether our drop-in is there."""
    return machine.path(DROP_IN).is_file()


def next_with_gate(machine: Machine) -> str:
    """Return the kernel that boots next."""
    return next_release(machine)


def next_without_gate(machine: Machine) -> str:
    """Return the kernel that would boot next without our drop-in."""
    releases = installed_releases(machine)
    chosen = next_entry_release(machine, releases, ignore=DROP_IN)
    return chosen or (releases[-1] if releases else running_release(machine))


def set_default(machine: Machine, release: str) -> None:
    """Make a kernel the default. Raise Refused (failed) where GRUB does not take it."""
    if not machine.path(GRUB_CFG).is_file():
        raise Refused(
            "there is no GRUB on this host: its default kernel cannot be kept",
            evidence=(f"{GRUB_CFG} is not there",),
            remedy=f"have the boot loader boot {release}, or remove the newer kernel",
            outcome="failed",
        )
    entry = _entry(machine, release)
    line = f"# Written by deeprig's next-kernel gate, and removed by it.\nGRUB_DEFAULT={entry}\n"
    if machine.text(DROP_IN) != line.strip():
        place_text(machine.path(DROP_IN), line, 0o644)
        _update(machine)
    if next_release(machine) != release:
        raise Refused(
            f"GRUB does not take kernel {release} as its default",
            evidence=(f"{DROP_IN}: GRUB_DEFAULT={entry}", f"boots next: {next_release(machine)}"),
            remedy="a later file in /etc/default/grub.d or `grub-reboot` says otherwise",
            outcome="failed",
        )


def unset_default(machine: Machine) -> bool:
    """Remove our drop-in; say whether it was there."""
    if not is_set(machine):
        return False
    machine.path(DROP_IN).unlink()
    _update(machine)
    return True


def _entry(machine: Machine, release: str) -> str:
    found = [e for e in read_entries(machine) if e.release == release and not e.is_recovery]
    if not found:
        raise Refused(
            f"GRUB's menu has no entry for kernel {release}",
            evidence=(f"{GRUB_CFG} names {len(read_entries(machine))} other entries",),
            remedy="run `update-grub` as root",
            outcome="failed",
        )
    # The entry in the submenu names its kernel; the first one is "whatever is newest".
    return shlex.quote(max(found, key=lambda entry: entry.identity.count(">")).identity)


def _update(machine: Machine) -> None:
    done = machine.run("update-grub", seconds=_SECONDS)
    if done.is_missing:
        done = machine.run("grub-mkconfig", "-o", str(machine.path(GRUB_CFG)), seconds=_SECONDS)
    if not done.is_good:
        raise Refused(
            "GRUB's menu could not be written",
            evidence=done.tail(),
            remedy="run `update-grub` as root and look at what it says",
            outcome="failed",
        )
