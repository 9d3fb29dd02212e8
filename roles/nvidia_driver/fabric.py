"""NVSwitch software: of exactly the driver's version, and only where NVSwitches are."""

from __future__ import annotations

from typing import Literal

from roles.nvidia_driver.gpus import chips_of
from roles.nvidia_driver.naming import FABRIC, FABRIC_OPTIONAL, SUBNET_MANAGER
from roles.nvidia_driver.observation import Candidate, Observation
from roles.nvidia_driver.offers import SOURCE_NAMES, Offers
from roles.nvidia_driver.refusal import refuse
from roles.nvidia_driver.versions import branch_of, driver_version

SERVICE = "nvidia-fabricmanager.service"
#: Boards with NVLink 5 switches have eight GPUs (HGX B200, B300); their switches are behind
#: network cards. The trays of GB200 systems have four, and their fabric manager elsewhere.
_GPUS_OF_A_BOARD = 8


def has_nvswitch(seen: Observation, wish: Literal["auto", "yes", "no"]) -> bool:
    """Say whether the GPUs are joined by NVSwitches that this host manages."""
    if wish != "auto":
        return wish == "yes"
    boards = [gpu for gpu in seen.gpus if chips_of(gpu.device_id).is_nvswitch_board]
    return bool(seen.nvswitches) or len(boards) >= _GPUS_OF_A_BOARD


def fabric_packages(seen: Observation, offers: Offers, version: str) -> tuple[Candidate, ...]:
    """Return the NVSwitch software for a driver version.

    Refuse where there is none of exactly it: the fabric manager and the driver then refuse each
    other, and no CUDA program starts (gpu-operator issues 544 and 610).
    """
    found = []
    for names in FABRIC:
        candidate = offers.first_at(_filled(names, version), version)
        if candidate is None:
            raise _missing(seen, offers, names, version)
        found.append(candidate)
    for names in FABRIC_OPTIONAL:
        candidate = offers.first_at(_filled(names, version), version)
        if candidate is not None:
            found.append(candidate)
    if any(chips_of(gpu.device_id).is_nvswitch_board for gpu in seen.gpus):
        found += offers.named(SUBNET_MANAGER)[:1]
    return tuple(found)


def is_fabric_complete(seen: Observation, version: str) -> bool:
    """Say whether the NVSwitch software of exactly a driver version is installed."""
    return all(
        any(
            (package := seen.installed(name)) and driver_version(package.version) == version
            for name in _filled(names, version)
        )
        for names in FABRIC
    )


def _filled(names: tuple[str, ...], version: str) -> tuple[str, ...]:
    return tuple(name.format(b=branch_of(version)) for name in names)


def _missing(seen: Observation, offers: Offers, names: tuple[str, ...], version: str) -> Exception:
    what = " or ".join(_filled(names, version))
    offered = sorted({v for name in _filled(names, version) for v in offers.versions(name)})
    return refuse(
        "no-fabric-manager",
        f"this host has NVSwitches, and {SOURCE_NAMES[offers.source]} has no {what} "
        f"of exactly {version}",
        (
            f"NVSwitches: {', '.join(seen.nvswitches) or 'behind network cards (NVLink 5)'}",
            f"offered of branch {branch_of(version)}: {', '.join(offered) or 'none'}",
        ),
        "Set version to one that both have, or source to nvidia.",
    )
