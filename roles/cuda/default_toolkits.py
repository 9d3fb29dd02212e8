"""Which toolkit a host gets when the inventory names none: the newest usual one for its GPUs."""

from __future__ import annotations

from dataclasses import dataclass

from roles.nvidia_driver.cuda_floors import (
    FIRST_TOOLKIT_OF_CAPABILITY,
    TOOLKIT_DRIVERS,
    cuda_major,
)
from roles.nvidia_driver.gpus import chips_of
from roles.nvidia_driver.versions import sort_key

#: (PCI address, device id) pairs, as a host's facts have them.
Devices = tuple[tuple[str, str], ...]
#: Built for Turing and later, and for any driver from 580.
DEFAULT_TOOLKIT = "13.0"


@dataclass(frozen=True, slots=True)
class Chosen:
    """A toolkit, and why not the usual one; None where it is that."""

    series: str
    reason: str | None = None


def choose_toolkit(devices: Devices) -> Chosen:
    """Return the usual toolkit where it builds for every GPU, else the newest older that does.

    Where none does, it is the usual one, which the role then refuses with its reason.
    """
    dropped = _not_built_for(DEFAULT_TOOLKIT, devices)
    series = newest_toolkit(devices)
    if dropped is None or series is None:
        return Chosen(DEFAULT_TOOLKIT)
    address, device_id = dropped
    chips = chips_of(device_id)
    capability = ".".join(map(str, chips.compute_capability))
    return Chosen(
        series,
        f"toolkit {series}, and not {DEFAULT_TOOLKIT}, which no longer builds for the "
        f"{chips.generation} GPU at {address} (compute capability {capability}); "
        "the inventory names none (cuda.toolkits)",
    )


def newest_toolkit(devices: Devices) -> str | None:
    """Return the newest toolkit up to the usual one that builds for every GPU, or None."""
    rows = (row.toolkit for row in reversed(TOOLKIT_DRIVERS))
    usual = (series for series in rows if sort_key(series) <= sort_key(DEFAULT_TOOLKIT))
    return next((series for series in usual if _not_built_for(series, devices) is None), None)


def _not_built_for(series: str, devices: Devices) -> tuple[str, str] | None:
    return next((d for d in devices if not _builds_for(series, d[1])), None)


def _builds_for(series: str, device_id: str) -> bool:
    """Say whether a toolkit builds for a GPU. One that is unknown is newer than all tables."""
    chips, major = chips_of(device_id), cuda_major(int(series.split(".")[0]))
    if major is None or not chips.is_known:
        return major is not None
    if chips.compute_capability < major.lowest_capability:
        return False
    firsts = (r[1] for r in FIRST_TOOLKIT_OF_CAPABILITY if r[0] == chips.compute_capability)
    return all(sort_key(series) >= sort_key(first) for first in firsts)
