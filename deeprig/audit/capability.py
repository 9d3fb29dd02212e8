"""Compute capabilities by PCI id, from the driver role's table of GPUs: known before any driver."""

from __future__ import annotations

import importlib

from deeprig.audit.machine import CapabilityByDevice
from deeprig.content import Content
from deeprig.errors import UsageProblem


def capability_table(content: Content) -> CapabilityByDevice:
    """Return the table of the ``nvidia_driver`` role on the search path.

    Through the search path, not by import at the top: the controller does not depend on roles, and
    a lab may have its own. Raise UsageProblem where that has no such table.
    """
    content.role("nvidia_driver")
    try:
        table = importlib.import_module("roles.nvidia_driver.gpus")
    except ImportError as error:
        raise UsageProblem(
            f"it has no table of GPUs: {error}",
            place="role nvidia_driver",
            remedy="give the lab's own role a gpus.py, as the built-in one has",
        ) from error

    def capability_of(device_id: str) -> tuple[int, int] | None:
        chips = table.chips_of(device_id)
        return chips.compute_capability if chips.is_known else None

    return capability_of
