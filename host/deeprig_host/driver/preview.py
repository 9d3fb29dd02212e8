"""What apt would do for an order, asked before anything is touched."""

from __future__ import annotations

from deeprig_host.driver import apt
from deeprig_host.driver.apt import Step
from deeprig_host.driver.managed_files import preferences_as_ordered
from deeprig_host.driver.order import Order
from deeprig_host.driver.packages import Installed
from deeprig_host.machine.commands import Done, Machine
from deeprig_host.machine.refusal import Refused

#: An explicit version may be older; its holds are lifted before and set again after.
_ALLOWED = ("--allow-downgrades", "--no-install-recommends")


def requests(order: Order, installed: tuple[Installed, ...]) -> tuple[str, ...]:
    """Return the order as apt-get's arguments: ``name=version`` and ``name-``.

    A package of a foreign architecture is ordered as apt and dpkg name it: ``name:i386``.
    """
    there = [package for package in installed if package.has_files]
    present = {name for p in there for name in (p.name, f"{p.name}:{p.architecture}")}
    wanted = tuple(f"{name}={version}" for name, version in order.install)
    unwanted = tuple(f"{name}-" for name in order.remove if name in present)
    return (*wanted, *unwanted)


def simulate(machine: Machine, order: Order, installed: tuple[Installed, ...]) -> tuple[Step, ...]:
    """Return what apt would change. Raise Refused where it cannot, or would touch others."""
    arguments = requests(order, installed)
    if not arguments:
        return ()
    preferences = preferences_as_ordered(machine, order.files)
    done = machine.run(
        *apt.words(order.lock_wait_seconds, "-s", "install", "--allow-change-held-packages"),
        *("-o", f"Dir::Etc::preferencesparts={preferences}/", *_ALLOWED, *arguments),
        seconds=300,
        environment=apt.QUIET,
    )
    if not done.is_good:
        raise _refusal(order, done, installed)
    steps = apt.parse_simulation(done.out)
    _check_family(order, steps, installed)
    return steps


def _check_family(order: Order, steps: tuple[Step, ...], installed: tuple[Installed, ...]) -> None:
    """Refuse what would remove, or change against a hold, anything but the driver."""
    held = {package.name for package in installed if package.is_held}
    others = [step for step in steps if step.old and not order.is_ours(step.name)]
    removed = [f"would remove {s.name} {s.old}" for s in others if s.action != "Inst"]
    against = [
        f"would change {s.name} {s.old} -> {s.new}, which is held"
        for s in others
        if s.action == "Inst" and s.name in held
    ]
    if removed or against:
        raise Refused(
            "this driver change would touch packages that are not the driver's",
            evidence=(*removed, *against),
            remedy="remove or release these packages yourself if they are not needed, "
            "or choose another branch",
        )


def _refusal(order: Order, done: Done, installed: tuple[Installed, ...]) -> Refused:
    unmet = apt.unmet_dependencies(done)
    told = " ".join(unmet)
    held = [p for p in installed if p.is_held and (p.name in told or order.is_ours(p.name))]
    evidence = (*(unmet or apt.trouble(done)), *(f"held: {p.name} {p.version}" for p in held))
    wanted = order.version or "none"
    if unmet:
        return Refused(
            f"apt finds no set of packages that fits together for driver {wanted}",
            evidence=evidence,
            remedy="a package named above is held or comes from another source: release it "
            "(`apt-mark unhold NAME`), or choose the source that it comes from",
        )
    return Refused(
        f"apt cannot install driver {wanted}",
        evidence=evidence,
        remedy="run `apt-get update`; a package that is not found has left the repository",
    )
