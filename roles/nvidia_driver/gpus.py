"""Which GPU is which: generation, compute capability, driver branches and kernel modules by PCI id.

Python tuples rather than a data file: mypy reads them, they need no parser, and comments can say
why. Device ids are those of vendor 10de. Sources, named in each row:

- ``pci.ids``: the PCI ID database, which numbers chips in runs;
- ``gpu-admin-tools``: NVIDIA/gpu-admin-tools ``gpu/devid_chips.py`` and ``gpu/devid_names.py``;
- ``legacy``: NVIDIA's list of legacy GPUs (580 is the last branch of Maxwell, Pascal and Volta);
- ``open``: README of NVIDIA/open-gpu-kernel-modules (Turing and later; Blackwell and Grace Hopper
  only with the open modules) and NVIDIA's announcement of the transition in R560;
- ``notes``: NVIDIA's driver release notes, for the first branch of a chip;
- ``cc``: NVIDIA's table of compute capabilities.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from roles.nvidia_driver.observation import PciDevice

Variant = Literal["open", "proprietary"]
BOTH: tuple[Variant, ...] = ("open", "proprietary")
OPEN: tuple[Variant, ...] = ("open",)
PROPRIETARY: tuple[Variant, ...] = ("proprietary",)

#: From this branch on NVIDIA recommends the open modules where a GPU can use them; before it they
#: were not meant for GeForce and workstation cards (source ``open``: R560).
OPEN_RECOMMENDED_FROM = 560


@dataclass(frozen=True, slots=True)
class Chips:
    """A run of device ids of one kind. ``last_branch`` None: still supported.

    ``is_nvswitch_board``: SXM modules whose NVSwitches are behind network cards (NVLink 5), so that
    no switch is seen on the PCI bus.
    """

    first_id: int
    last_id: int
    generation: str
    compute_capability: tuple[int, int]
    first_branch: int
    last_branch: int | None
    variants: tuple[Variant, ...]
    source: str
    is_known: bool = True
    is_nvswitch_board: bool = False


def _old(
    first: int, last: int, generation: str, capability: tuple[int, int], branch: int, end: int
) -> Chips:
    source = "pci.ids, legacy, cc"
    return Chips(first, last, generation, capability, branch, end, PROPRIETARY, source)


def _new(
    first: int,
    last: int,
    generation: str,
    capability: tuple[int, int],
    branch: int,
    variants: tuple[Variant, ...] = BOTH,
) -> Chips:
    # From Hopper's GH200 on the PCI ID database of a distribution lags: NVIDIA's own table.
    source = "gpu-admin-tools, open, notes, cc" if variants is OPEN else "pci.ids, open, notes, cc"
    return Chips(first, last, generation, capability, branch, None, variants, source)


#: In the order of their first id; ``chips_of`` takes the first row that holds an id.
CHIPS: tuple[Chips, ...] = (
    _old(0x0FC0, 0x0FFF, "Kepler", (3, 0), 304, 470),
    _old(0x1000, 0x103F, "Kepler", (3, 5), 319, 470),
    _old(0x1180, 0x11FF, "Kepler", (3, 0), 304, 470),
    _old(0x1280, 0x12BF, "Kepler", (3, 5), 319, 470),
    _old(0x1340, 0x13BF, "Maxwell", (5, 0), 340, 580),  # GM107, GM108
    _old(0x13C0, 0x143F, "Maxwell", (5, 2), 346, 580),  # GM204, GM206
    _old(0x15F0, 0x15FF, "Pascal", (6, 0), 375, 580),  # GP100
    _old(0x1600, 0x16FF, "Maxwell", (5, 2), 346, 580),  # GM204, laptops
    _old(0x1700, 0x173F, "Pascal", (6, 0), 375, 580),  # GP100
    _old(0x1740, 0x17BF, "Maxwell", (5, 0), 340, 580),  # GM107, GM108
    _old(0x17C0, 0x17FF, "Maxwell", (5, 2), 346, 580),  # GM200
    _old(0x1B00, 0x1D7F, "Pascal", (6, 1), 367, 580),
    _old(0x1D80, 0x1DFF, "Volta", (7, 0), 384, 580),
    _new(0x1E00, 0x1FFF, "Turing", (7, 5), 410),
    _new(0x2080, 0x20FF, "Ampere", (8, 0), 450),  # GA100
    _new(0x2180, 0x21FF, "Turing", (7, 5), 418),  # TU116: between two runs of Ampere
    _new(0x2200, 0x229F, "Ampere", (8, 6), 455),  # GA102
    _new(0x2300, 0x233F, "Hopper", (9, 0), 525),
    _new(0x2340, 0x237F, "Grace Hopper", (9, 0), 535, OPEN),
    _new(0x2400, 0x25FF, "Ampere", (8, 6), 455),  # GA103 to GA107
    _new(0x2600, 0x28FF, "Ada", (8, 9), 520),
    replace(_new(0x2900, 0x29FF, "Blackwell", (10, 0), 570, OPEN), is_nvswitch_board=True),
    _new(0x2B80, 0x2BFF, "Blackwell", (12, 0), 570, OPEN),  # GB202
    _new(0x2C00, 0x2DFF, "Blackwell", (12, 0), 570, OPEN),  # GB203, GB206, GB207
    _new(0x2E00, 0x2E7F, "Blackwell", (12, 1), 580, OPEN),  # GB10 (DGX Spark)
    _new(0x2F00, 0x2F7F, "Blackwell", (12, 0), 570, OPEN),  # GB205
    replace(_new(0x3180, 0x327F, "Blackwell", (10, 3), 580, OPEN), is_nvswitch_board=True),
)

#: Above this, an id that no row holds is a GPU younger than this table; below, an older one.
FIRST_OPEN_ID = 0x1E00


def chips_of(device_id: str) -> Chips:
    """Return the row of a device id (hex, no ``0x``); what no row holds gets ``is_known`` False.

    An unknown id from Turing's up is taken for a GPU younger than this table: compute capability
    (0, 0) (unknown), the open modules only, as NVIDIA announced for what comes. One below is older
    than Kepler: no branch of today drives it.
    """
    number = int(device_id, 16)
    for chips in CHIPS:
        if chips.first_id <= number <= chips.last_id:
            return chips
    if number >= FIRST_OPEN_ID:
        return Chips(number, number, "unknown", (0, 0), 0, None, OPEN, "open", is_known=False)
    return Chips(
        number, number, "before Kepler", (0, 0), 0, 390, PROPRIETARY, "legacy", is_known=False
    )


def describe(device: PciDevice) -> str:
    """Return how people are told about a GPU: ``Pascal GPU 10de:1b06 at 0000:01:00.0``."""
    return (
        f"{chips_of(device.device_id).generation} GPU 10de:{device.device_id} at {device.address}"
    )
