"""All sections together, as one JSON value: schema "deeprig.fleet-state/1".

``sections`` has the values as text; a key that is missing there is not on the machine, unless
``unknown`` lists it (key "": the whole section) with the reason why it cannot be told.
``skipped`` says what does not apply to this machine. ``clock`` is its time, in seconds since the
epoch, before and after all was read.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from deeprig_host.fleet.accounts import accounts
from deeprig_host.fleet.environments import environments
from deeprig_host.fleet.files import files
from deeprig_host.fleet.gpu_software import cuda, driver
from deeprig_host.fleet.hardware import hardware
from deeprig_host.fleet.limits import limits, sysctl
from deeprig_host.fleet.order import Order
from deeprig_host.fleet.packages import packages
from deeprig_host.fleet.system import clock, kernel, os_release
from deeprig_host.fleet.told import Page, Told
from deeprig_host.fleet.units import units
from deeprig_host.machine.commands import Machine

SCHEMA = "deeprig.fleet-state/1"
Section = Callable[[Page, Order], None]

SECTIONS: Mapping[str, Section] = {
    "os": os_release,
    "kernel": kernel,
    "driver": driver,
    "cuda": cuda,
    "packages": packages,
    "environments": environments,
    "units": units,
    "sysctl": sysctl,
    "limits": limits,
    "files": files,
    "accounts": accounts,
    "hardware": hardware,
    "clock": clock,
}


def tell_state(machine: Machine, order: Order) -> dict[str, Any]:
    """Return the ordered sections of the machine's state."""
    started, told = time.time(), Told()
    for name in order.sections:
        page = Page(name, machine, told)
        section = SECTIONS.get(name)
        if section is None:
            page.lack("", f"this host program knows no section {name!r}")
            continue
        told.sections[name] = {}
        try:
            section(page, order)
        except (OSError, ValueError) as error:
            # What was told of it stays, and is compared with nothing.
            page.lack("", f"{type(error).__name__}: {error}")
    return {
        "schema": SCHEMA,
        "clock": {"started": started, "finished": time.time()},
        "sections": told.sections,
        "unknown": told.unknown,
        "skipped": told.skipped,
    }
