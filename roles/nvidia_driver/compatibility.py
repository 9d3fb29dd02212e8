"""Whether GPUs, driver, toolkits and environments fit each other, before anything is installed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from roles.nvidia_driver.brought_cuda import Brought, Environment, brought_by
from roles.nvidia_driver.cuda_floors import (
    FIRST_TOOLKIT_OF_CAPABILITY,
    MAJORS,
    TOOLKIT_DRIVERS,
    CudaMajor,
    cuda_major,
    paired_driver,
)
from roles.nvidia_driver.frameworks import torch_build
from roles.nvidia_driver.gpus import chips_of, describe
from roles.nvidia_driver.observation import PciDevice
from roles.nvidia_driver.versions import is_at_least, sort_key

Verdict = Literal["fits", "does not fit", "unknown"]


@dataclass(frozen=True, slots=True)
class StackRow:
    """One thing of the stack: what it needs, what is there, and whether that fits."""

    what: str
    wanted: str
    has: str
    verdict: Verdict
    why: str
    source: str

    def text(self) -> str:
        """Return one line for people."""
        return f"{self.what}: {self.verdict} (wants {self.wanted}; has {self.has}): {self.why}"


def resolve(
    driver_version: str,
    toolkits: Sequence[str],
    environments: Sequence[Environment],
    gpus: Sequence[PciDevice],
) -> tuple[StackRow, ...]:
    """Return a row for every toolkit and every CUDA of an environment.

    ``driver_version`` "" is no driver, or one that nobody knows yet. ``toolkits`` are series or
    versions (``13.0``, ``12.9.1``).
    """
    stack = _Stack(driver_version, tuple(gpus))
    rows = [stack.toolkit(toolkit) for toolkit in toolkits]
    for environment in environments:
        rows += [
            stack.environment(environment.name, brought) for brought in brought_by(environment)
        ]
    return tuple(rows)


@dataclass(frozen=True, slots=True)
class _Stack:
    driver: str
    gpus: tuple[PciDevice, ...]

    def toolkit(self, toolkit: str) -> StackRow:
        """Judge a toolkit: its programs must run on this driver and these GPUs."""
        what = f"CUDA toolkit {toolkit}"
        fault = self._fault(what, toolkit)
        if fault is not None:
            return fault
        paired = paired_driver(toolkit)
        wanted = f"driver {_major(toolkit).floor} or newer"
        if paired is None:
            why = "deeprig's table does not know this toolkit; its major version's floor is met"
            return self._row(what, wanted, "unknown", why, _major(toolkit).source)
        if is_at_least(self.driver, paired.driver):
            why = f"the driver is at least the toolkit's own, {paired.driver}"
        else:
            why = (
                f"by minor version compatibility; PTX and features of driver {paired.driver} "
                "and newer are missing"
            )
        young = self._younger_than(toolkit)
        why += f"; it builds no code for the {young}, only PTX" if young else ""
        return self._row(what, wanted, "fits", why, paired.source)

    def environment(self, name: str, brought: Brought) -> StackRow:
        """Judge a CUDA that an environment brings."""
        what = f"environment {name}: {brought.package}"
        if brought.cuda is None:
            return self._row(what, "CUDA", "unknown", brought.why, brought.source)
        if brought.cuda == "":
            return self._solved(what, brought)
        fault = self._fault(what, brought.cuda) or self._build_fault(what, brought)
        if fault is not None:
            return fault
        major = _major(brought.cuda)
        wanted = f"driver {major.floor} or newer"
        return self._row(what, wanted, "fits", brought.why, brought.source)

    def _solved(self, what: str, brought: Brought) -> StackRow:
        """Judge conda's own choice: it knows the driver's CUDA, and not the GPUs."""
        supported = self._newest_cuda()
        if supported is None:
            why = f"{brought.why}, and no driver is known yet"
            return self._row(what, "CUDA", "unknown", why, brought.source)
        dropped = self._below(_major(supported).lowest_capability)
        if dropped is None:
            why = f"{brought.why}: up to CUDA {supported}"
            return self._row(what, f"CUDA {supported} or older", "fits", why, brought.source)
        why = (
            f"{brought.why}, up to CUDA {supported}, which has dropped the {describe(dropped)}: "
            "set the environment's cuda to 12.6"
        )
        source = _major(supported).source
        return self._row(what, f"CUDA {supported}", "does not fit", why, source)

    def _fault(self, what: str, cuda: str) -> StackRow | None:
        """Return the row of what a CUDA version cannot run on, or cannot be judged for."""
        major = cuda_major(int(cuda.split(".")[0]))
        if major is None:
            why = "deeprig's table does not know this major version"
            return self._row(what, f"CUDA {cuda}", "unknown", why, "none")
        wanted = f"driver {major.floor} or newer"
        dropped = self._below(major.lowest_capability)
        if dropped is not None:
            capability = ".".join(map(str, major.lowest_capability))
            why = (
                f"CUDA {major.major} drives no GPU below compute capability {capability}, and the "
                f"{describe(dropped)} is one: take CUDA 12.6"
            )
            wanted = f"compute capability {capability} or higher"
            return self._row(what, wanted, "does not fit", why, major.source)
        if not self.driver:
            return self._row(what, wanted, "unknown", "no driver is known yet", major.source)
        if not is_at_least(self.driver, major.floor):
            why = f"CUDA {cuda} needs a newer driver: set branch to {major.floor.split('.')[0]}"
            return self._row(what, wanted, "does not fit", why, major.source)
        return None

    def _build_fault(self, what: str, brought: Brought) -> StackRow | None:
        """Return the row of a GPU that PyTorch's wheels were not built for, or None."""
        build = torch_build(brought.cuda or "") if brought.is_wheel else None
        if build is None:
            return None
        below = self._below(build.lowest)
        if below is not None:
            why = f"{brought.why}, not built for the {describe(below)}: take the cu126 wheels"
            return self._row(what, f"CUDA {build.cuda}", "does not fit", why, build.source)
        above = self._above(build.highest) if build.highest else None
        if above is not None:
            why = f"{brought.why}, not built for the {describe(above)}: take cu128 or newer"
            return self._row(what, f"CUDA {build.cuda}", "does not fit", why, build.source)
        return None

    def _row(self, what: str, wanted: str, verdict: Verdict, why: str, source: str) -> StackRow:
        generations = dict.fromkeys(chips_of(gpu.device_id).generation for gpu in self.gpus)
        driver = f"driver {self.driver}" if self.driver else "no driver"
        return StackRow(what, wanted, ", ".join((driver, *generations)), verdict, why, source)

    def _below(self, capability: tuple[int, int]) -> PciDevice | None:
        """Return a GPU below a compute capability, or None. Unknown GPUs are newer than all."""
        known = (g for g in self.gpus if chips_of(g.device_id).compute_capability != (0, 0))
        return next(
            (g for g in known if chips_of(g.device_id).compute_capability < capability), None
        )

    def _above(self, capability: tuple[int, int]) -> PciDevice | None:
        return next(
            (g for g in self.gpus if chips_of(g.device_id).compute_capability > capability), None
        )

    def _younger_than(self, toolkit: str) -> str | None:
        """Return a GPU that a toolkit has no code for, as text, or None."""
        for gpu in self.gpus:
            capability = chips_of(gpu.device_id).compute_capability
            for known, first, _ in FIRST_TOOLKIT_OF_CAPABILITY:
                if known == capability and sort_key(toolkit)[:2] < sort_key(first):
                    return describe(gpu)
        return None

    def _newest_cuda(self) -> str | None:
        """Return the CUDA version that the driver tells programs it supports, or None."""
        if not self.driver:
            return None
        paired = [r for r in TOOLKIT_DRIVERS if is_at_least(self.driver, r.driver)]
        return paired[-1].toolkit if paired else None


def _major(cuda: str) -> CudaMajor:
    row = cuda_major(int(cuda.split(".")[0]))
    if row is None:
        raise ValueError(f"CUDA {cuda} is not one of {', '.join(str(m.major) for m in MAJORS)}")
    return row
