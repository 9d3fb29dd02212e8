"""The kernel is held as declared."""

from __future__ import annotations

from typing import Any

from deeprig.facts import HostFacts
from deeprig.verify.checks import Checks
from roles.maintenance.kernel_holds import KernelPackages
from roles.maintenance.settings import MaintenanceSettings


def test_the_kernel_is_held_as_declared(
    host: Any, settings: MaintenanceSettings, facts: HostFacts, check: Checks
) -> None:
    """Every metapackage that brings new kernels is held; or deeprig holds none."""
    fact = KernelPackages()
    seen = fact.process(host.check_output(str(fact.command())).splitlines())
    if not settings.hold_kernel:
        left = sorted(seen.ours & seen.held)
        check("deeprig holds no kernel", not left, ", ".join(left) or "none")
        return
    free = sorted(seen.metapackages - seen.held)
    if not seen.metapackages and facts.is_container:
        return
    evidence = f"not held: {', '.join(free)}" if free else ", ".join(sorted(seen.metapackages))
    is_good = bool(seen.metapackages) and not free
    check("the kernel is held", is_good, evidence or "no kernel metapackage is installed")
