"""A burn as the result of the suite's case ``burn``: checks, measurements, curves, data."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import Any

from deeprig_host.alerts.xid_lines import Xid
from deeprig_host.burn.burning import Burning
from deeprig_host.burn.crew import Worker
from deeprig_host.burn.limits import Limits
from deeprig_host.burn.samples import Sample
from deeprig_host.burn.told import MemoryReady, Ready
from deeprig_host.burn.verdict import (
    Burned,
    Watched,
    across_checks,
    memory_checks,
    sensor_checks,
    share_of_plain,
    throughput_ratio,
    work_checks,
)
from deeprig_host.burn.wanted import RAM, gpu_name
from deeprig_host.training.cases import CaseResult, Measurement, failed, judged
from deeprig_host.training.evaluation import Check

NAME = GROUP = "burn"
_MOST_POINTS = 600


def result(seen: Burning, xids: tuple[Xid, ...] | None, limits: Limits) -> CaseResult:
    """Return what a burn proves. One that was cut proves nothing, and keeps what was seen."""
    products = tuple(burned(one) for one in seen.workers if one.order.name != RAM)
    watched = watched_of(seen)
    checks = [check for one in products for check in work_checks(one, limits, is_gpu=_is_gpu(one))]
    checks += across_checks(one for one in products if _is_gpu(one))
    checks += [check for one in watched for check in sensor_checks(one, xids, limits)]
    checks += [c for w in seen.workers if w.order.name == RAM for c in _memory(w)]
    checks += _throttles(seen.throttled)
    if not seen.workers:
        return _named(failed("nothing was burned"))
    told = judged(checks, _measurements(products, watched, limits), _curves(products, watched))
    told = replace(told, data=_data(products, seen, xids))
    if seen.cut_by:
        reason = f"not finished: it was cut ({seen.cut_by})"
        told = replace(told, outcome="fail", reason="; ".join(filter(None, (reason, told.reason))))
    return _named(told)


def burned(worker: Worker) -> Burned:
    """Return what a worker of products told."""
    ready = worker.ready if isinstance(worker.ready, Ready) else None
    fault = worker.fault or ("" if worker.has_ended else "it did not end by itself")
    return Burned(worker.order.name, ready, tuple(worker.seconds), fault)


def watched_of(seen: Burning) -> tuple[Watched, ...]:
    """Return what the sensors of each GPU said."""
    return tuple(
        Watched(
            gpu_name(gpu),
            gpu.address,
            tuple(seen.samples[gpu_name(gpu)]),
            seen.before[gpu_name(gpu)],
            seen.after[gpu_name(gpu)],
        )
        for gpu in seen.gpus
    )


def _memory(worker: Worker) -> list[Check]:
    ready = worker.ready if isinstance(worker.ready, MemoryReady) else None
    fault = worker.fault or ("" if worker.has_ended else "it did not end by itself")
    return memory_checks(ready, worker.passes, fault)


def _throttles(counts: tuple[int | None, int | None]) -> list[Check]:
    """Return whether heat held the CPUs down, where the kernel counts that."""
    before, after = counts
    if before is None:
        return []
    new = None if after is None else after - before
    told = "not told" if new is None else f"{new} times"
    return [Check("CPU: never held down by heat", new == 0, "0 times", told)]


def _measurements(
    products: Iterable[Burned], watched: Iterable[Watched], limits: Limits
) -> list[Measurement]:
    found = []
    for one in products:
        rates = [second.tflops for second in one.seconds if not second.is_plain]
        if rates:
            median = statistics.median(rates)
            found.append(Measurement(f"{one.name} throughput", median, "TFLOP/s", "higher"))
        ratios = (
            ("last to first", throughput_ratio(one.seconds, limits)),
            ("share of the plain rate", share_of_plain(one.seconds)),
        )
        found += [Measurement(f"{one.name} {w}", r, "1", "higher") for w, r in ratios if r]
    for card in watched:
        found += _of_card(card)
    return found


def _of_card(card: Watched) -> list[Measurement]:
    columns: tuple[tuple[str, str, Any], ...] = (
        ("hottest", "C", max),
        ("memory hottest", "C", max),
        ("clock", "MHz", statistics.median),
        ("power", "W", statistics.median),
    )
    fields = ("temperature_c", "memory_c", "clock_mhz", "power_w")
    found = []
    for (what, unit, of), name in zip(columns, fields, strict=True):
        known = [value for s in card.samples if (value := getattr(s, name)) is not None]
        if known:
            found.append(Measurement(f"{card.name} {what}", float(of(known)), unit))
    return found


def _curves(products: Iterable[Burned], watched: Iterable[Watched]) -> dict[str, tuple[float, ...]]:
    """Return lines over time; NaN, which JSON tells as null, stands for what was not known."""
    curves: dict[str, tuple[float, ...]] = {}
    for one in products:
        curves[f"{one.name} throughput_tflops"] = _thinned([s.tflops for s in one.seconds])
    for card in watched:
        curves[f"{card.name} seconds"] = _thinned([s.second for s in card.samples])
        for name in ("temperature_c", "memory_c", "clock_mhz", "power_w", "load_percent"):
            line = [_or_nan(s, name) for s in card.samples]
            if any(value == value for value in line):  # NaN is not itself
                curves[f"{card.name} {name}"] = _thinned(line)
    return curves


def _or_nan(sample: Sample, name: str) -> float:
    value = getattr(sample, name)
    return float("nan") if value is None else float(value)


def _thinned(line: list[float]) -> tuple[float, ...]:
    """Return at most so many points of a line of hours: every n-th."""
    step = -(-len(line) // _MOST_POINTS) or 1
    return tuple(line[::step])


def _data(
    products: Iterable[Burned], seen: Burning, xids: tuple[Xid, ...] | None
) -> dict[str, Any]:
    """Return who burned, what was counted, and every reason that held a clock down."""
    return {
        "devices": {o.name: asdict(o.ready) if o.ready else None for o in products},
        "gpus": {
            gpu_name(gpu): {
                "uuid": gpu.uuid,
                "name": gpu.name,
                "address": gpu.address,
                "before": asdict(seen.before[gpu_name(gpu)]),
                "after": asdict(seen.after[gpu_name(gpu)]),
                "reasons": _reasons(seen.samples[gpu_name(gpu)]),
            }
            for gpu in seen.gpus
        },
        "xids": None if xids is None else [asdict(one) for one in xids],
        "cpu_throttles": list(seen.throttled),
    }


def _reasons(samples: list[Sample]) -> dict[str, int]:
    counted: dict[str, int] = {}
    for one in samples:
        for reason in one.reasons or ():
            counted[reason] = counted.get(reason, 0) + 1
    return counted


def _is_gpu(burned: Burned) -> bool:
    return burned.name.startswith("GPU")


def _named(told: CaseResult) -> CaseResult:
    return replace(told, name=NAME, group=GROUP)
