"""What the GPUs of a host allow: kernel module variants and driver branches, by PCI id alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from roles.nvidia_driver.gpus import (
    BOTH,
    OPEN_RECOMMENDED_FROM,
    Chips,
    Variant,
    chips_of,
    describe,
)
from roles.nvidia_driver.observation import PciDevice
from roles.nvidia_driver.refusal import refuse


@dataclass(frozen=True, slots=True)
class Hardware:
    """The GPUs of a host. ``last_branch`` None: no end known."""

    gpus: tuple[PciDevice, ...]
    variants: tuple[Variant, ...]
    first_branch: int
    last_branch: int | None

    def notes(self) -> tuple[str, ...]:
        """Return what must be told about GPUs that the table does not know."""
        return tuple(
            f"{describe(gpu)} is newer than deeprig's table: taken for one that needs the open "
            "kernel modules"
            for gpu in self.gpus
            if not chips_of(gpu.device_id).is_known
        )


def hardware_of(gpus: Sequence[PciDevice]) -> Hardware:
    """Return what the GPUs allow together. Refuse where no driver can drive all of them."""
    rows = tuple(chips_of(gpu.device_id) for gpu in gpus)
    first = max((row.first_branch for row in rows), default=0)
    last = min((row.last_branch for row in rows if row.last_branch is not None), default=None)
    variants = tuple(v for v in BOTH if all(v in row.variants for row in rows))
    if not variants:
        raise refuse(
            "gpus-contradict",
            "no kernel module drives all GPUs of this host",
            _module_lines(gpus, rows),
            "Take out the GPUs of one kind; the open and the proprietary module cannot be loaded "
            "together.",
        )
    if last is not None and first > last:
        raise refuse(
            "gpus-contradict",
            "no driver branch drives all GPUs of this host",
            _branch_lines(gpus, rows),
            "Take out the GPUs of one kind.",
        )
    return Hardware(tuple(gpus), variants, first, last)


def variant_for(
    hardware: Hardware, wish: Literal["auto", "open", "proprietary"], branch: int
) -> tuple[Variant, str]:
    """Return the modules to install, and why. Refuse a wish that a GPU cannot fulfil."""
    if wish != "auto":
        if wish not in hardware.variants:
            rows = tuple(chips_of(gpu.device_id) for gpu in hardware.gpus)
            raise refuse(
                "variant-impossible",
                f"variant {wish} does not drive all GPUs of this host",
                _module_lines(hardware.gpus, rows),
                f"Set variant to auto or {hardware.variants[0]}.",
            )
        return wish, f"{wish} kernel modules, as declared"
    if hardware.variants == BOTH:
        if branch >= OPEN_RECOMMENDED_FROM:
            return "open", "open kernel modules: every GPU can use them, and NVIDIA advises them"
        return "proprietary", f"proprietary kernel modules: branch {branch} is older than 560"
    only = hardware.variants[0]
    examples = tuple(g for g in hardware.gpus if chips_of(g.device_id).variants == (only,))
    return only, f"{only} kernel modules: {describe(examples[0])} works with no others"


def check_branch(hardware: Hardware, branch: int) -> None:
    """Refuse a branch that does not drive every GPU, naming those, and the branches that do."""
    orphans = _beyond(
        hardware, lambda row: row.last_branch is not None and branch > row.last_branch
    )
    if orphans:
        raise refuse(
            "branch-drops-gpu",
            f"driver branch {branch} does not drive every GPU of this host any more",
            tuple(f"{describe(g)}: {_range_of(chips_of(g.device_id))}" for g in orphans),
            f"Set branch to {hardware.last_branch}: the highest that drives all of them.",
        )
    early = _beyond(hardware, lambda row: branch < row.first_branch)
    if early:
        raise refuse(
            "branch-before-gpu",
            f"driver branch {branch} does not drive every GPU of this host yet",
            tuple(f"{describe(g)}: {_range_of(chips_of(g.device_id))}" for g in early),
            f"Set branch to {hardware.first_branch} or higher; where the source has none, set "
            "source to nvidia.",
        )


def _beyond(hardware: Hardware, is_outside: Callable[[Chips], bool]) -> tuple[PciDevice, ...]:
    return tuple(gpu for gpu in hardware.gpus if is_outside(chips_of(gpu.device_id)))


def _range_of(row: Chips) -> str:
    last = f" to {row.last_branch}" if row.last_branch is not None else " on"
    return f"branches {row.first_branch}{last}" if row.first_branch else f"branches up{last}"


def _module_lines(gpus: Sequence[PciDevice], rows: Sequence[Chips]) -> tuple[str, ...]:
    return tuple(
        f"{describe(gpu)}: {' or '.join(row.variants)}" for gpu, row in zip(gpus, rows, strict=True)
    )


def _branch_lines(gpus: Sequence[PciDevice], rows: Sequence[Chips]) -> tuple[str, ...]:
    return tuple(f"{describe(gpu)}: {_range_of(row)}" for gpu, row in zip(gpus, rows, strict=True))
