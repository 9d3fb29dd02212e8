"""Burn a machine: everything is loaded together, looked at once a second, and judged."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from deeprig_host.burn.crew import Crew, Worker
from deeprig_host.burn.faults import KernelMark, cpu_throttles, mark
from deeprig_host.burn.limits import Limits
from deeprig_host.burn.samples import Counters, Sample, counters, sample
from deeprig_host.burn.wanted import Wanted, gpu_name, orders
from deeprig_host.gpu.answers import Unanswered
from deeprig_host.gpu.library import Gpu, NoNvml, gpus, nvml
from deeprig_host.gpu.processes import computing
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.refusal import Refused
from deeprig_host.training.cut import Cut

#: Takes the share that is done (0 to 1), and a line for a person.
Emit = Callable[[float, str], None]


@dataclass(slots=True)
class Burning:
    """All that was seen. ``is_cut``: it ended before its time, by ``cut_by``."""

    gpus: tuple[Gpu, ...]
    workers: tuple[Worker, ...] = ()
    samples: dict[str, list[Sample]] = field(default_factory=dict)
    before: dict[str, Counters] = field(default_factory=dict)
    after: dict[str, Counters] = field(default_factory=dict)
    kernel: KernelMark = field(default_factory=lambda: KernelMark(None))
    throttled: tuple[int | None, int | None] = (None, None)
    cut_by: str = ""


def cards(wanted: Wanted) -> tuple[Gpu, ...]:
    """Return the GPUs that burn. Raise Refused where they are not those that are expected.

    NVML must be open. None are expected, and none there: that is a machine without GPUs.
    """
    found = gpus()
    silent = [str(one) for one in found if isinstance(one, Unanswered)]
    there = tuple(one for one in found if isinstance(one, Gpu))
    if silent or (wanted.gpu_count is not None and len(there) != wanted.gpu_count):
        expected = "all" if wanted.gpu_count is None else str(wanted.gpu_count)
        raise Refused(
            f"{expected} GPUs are expected, {len(there)} answer",
            evidence=tuple(silent),
            remedy="`nvidia-smi` and `dmesg` on the host tell which one is missing",
            outcome="failed",
        )
    _refuse_beside_others(there)
    return there


def _refuse_beside_others(there: tuple[Gpu, ...]) -> None:
    """Raise Refused where somebody works on a GPU: their work would suffer, and spoil ours."""
    working = []
    for gpu in there:
        found = computing(gpu.handle)
        if not isinstance(found, Unanswered) and found:
            pids = ", ".join(str(one.pid) for one in found)
            working.append(f"{gpu_name(gpu)}: process {pids}")
    if working:
        raise Refused(
            "somebody works on the GPUs",
            evidence=tuple(working),
            remedy="burn in when they have ended: `ps -fp PID` says who",
            outcome="failed",
        )


def burn(machine: Machine, wanted: Wanted, limits: Limits, emit: Emit) -> Burning:
    """Burn for the wanted time. Raise Refused where it cannot begin."""
    if wanted.gpu_count == 0:
        return _burn(machine, wanted, limits, emit, ())
    try:
        with nvml():
            return _burn(machine, wanted, limits, emit, cards(wanted))
    except NoNvml as none:
        if wanted.gpu_count is None:
            return _burn(machine, wanted, limits, emit, ())
        raise Refused(
            f"{wanted.gpu_count} GPUs are expected, and NVML cannot be used: {none}",
            remedy="is the driver loaded? `nvidia-smi` on the host says why not",
            outcome="failed",
        ) from none


def _burn(
    machine: Machine, wanted: Wanted, limits: Limits, emit: Emit, there: tuple[Gpu, ...]
) -> Burning:
    seen = Burning(there, samples={gpu_name(gpu): [] for gpu in there})
    seen.before = {gpu_name(gpu): counters(gpu) for gpu in there}
    seen.kernel = mark(machine)
    throttles = cpu_throttles(machine)
    try:
        with Crew(orders(wanted, there, machine)) as crew:
            seen.workers = crew.workers
            emit(0.0, "starting")
            crew.wait_until_ready(limits.ready_seconds)
            crew.go()
            _look_on(crew, wanted, limits, emit, seen)
    except Cut as cut:
        seen.cut_by = str(cut)
    seen.throttled = (throttles, cpu_throttles(machine))
    seen.after = {gpu_name(gpu): counters(gpu) for gpu in there}
    return seen


def _look_on(crew: Crew, wanted: Wanted, limits: Limits, emit: Emit, seen: Burning) -> None:
    """Sample each second while somebody works; who hangs is given up, the others go on."""
    began = time.monotonic()
    turn = 0
    while crew.is_at_work:
        turn += 1
        # By the clock, not by adding up: a slow sample must not make the next one late.
        crew.hear(max(0.0, began + turn - time.monotonic()))
        second = time.monotonic() - began
        for gpu in seen.gpus:
            if second < wanted.seconds:  # afterwards it idles, which is no sign of anything
                seen.samples[gpu_name(gpu)].append(sample(gpu, round(second, 2)))
        crew.silence(limits.silent_seconds)
        emit(min(1.0, second / wanted.seconds), _line(seen, second))


def _line(seen: Burning, second: float) -> str:
    """Return one line for a person: how hot and how fast."""
    told = [f"{second:.0f} s"]
    for worker in seen.workers:
        if worker.seconds:
            told.append(f"{worker.order.name} {worker.seconds[-1].tflops:.3g} TFLOP/s")
    hottest = [s[-1].temperature_c for s in seen.samples.values() if s and s[-1].temperature_c]
    return ", ".join([*told, *([f"up to {max(hottest)} C"] if hottest else [])])
