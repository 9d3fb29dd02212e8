"""What a burn proves: from what workers and sensors told to checks. Unknown is never a pass."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from deeprig_host.alerts.xid_lines import Xid
from deeprig_host.burn.limits import BAD_REASONS, Limits
from deeprig_host.burn.samples import Counters, Sample
from deeprig_host.burn.told import MemoryReady, Pass, Ready, Second
from deeprig_host.training.evaluation import Check

_NOT_TOLD = "not told"


@dataclass(frozen=True, slots=True)
class Burned:
    """What one device did. ``fault`` is why its worker is no proof, empty where it is one."""

    name: str
    ready: Ready | None
    seconds: tuple[Second, ...]
    fault: str


@dataclass(frozen=True, slots=True)
class Watched:
    """What a GPU's sensors and counters said; ``address`` is as in sysfs."""

    name: str
    address: str
    samples: tuple[Sample, ...]
    before: Counters
    after: Counters


def work_checks(burned: Burned, limits: Limits, *, is_gpu: bool) -> tuple[Check, ...]:
    """Return whether a device worked to the end, rightly, and as fast at the end as before."""
    name = burned.name
    worked = Check(f"{name}: worked to the end", not burned.fault, "yes", burned.fault or "yes")
    if burned.ready is None:
        return (worked,)
    checks = [worked, _right(burned.ready, name), _same(burned, name)]
    if is_gpu:
        # A CPU shares its time and its clock with whatever else runs: told, not judged.
        checks.append(_steady(burned, name, limits))
    return tuple(checks)


def across_checks(burned: Iterable[Burned]) -> tuple[Check, ...]:
    """Return whether devices of one kind computed the same; none where no two are of one kind."""
    kinds: dict[tuple[str, str, int], dict[str, str]] = {}
    for one in burned:
        if one.ready is not None:
            kind = (one.ready.device, one.ready.type, one.ready.size)
            kinds.setdefault(kind, {})[one.name] = one.ready.sha256
    return tuple(
        Check(
            f"the {len(of_kind)} {device} compute the same",
            len(set(of_kind.values())) == 1,
            "one digest",
            ", ".join(f"{name}: {digest[:12]}" for name, digest in of_kind.items()),
        )
        for (device, _, _), of_kind in kinds.items()
        if len(of_kind) > 1
    )


def sensor_checks(watched: Watched, xids: tuple[Xid, ...] | None, limits: Limits) -> list[Check]:
    """Return whether a GPU stayed cool, fed, loaded and free of errors."""
    name = watched.name
    checks = [_there(watched), _told(watched), _loaded(watched, limits)]
    checks += [_no_bad_reason(watched), _cool_enough(watched, limits)]
    checks += _memory_checks(watched)
    mine = None if xids is None else [one for one in xids if one.address == watched.address]
    told = "the kernel's log cannot be read"
    if mine is not None:
        told = ", ".join(f"{one.code} ({one.text})" for one in mine) or "none"
    return [*checks, Check(f"{name}: no Xid error", mine == [], "none", told)]


def memory_checks(ready: MemoryReady | None, passes: Sequence[Pass], fault: str) -> list[Check]:
    """Return whether main memory gave back what was written."""
    wrong = sum(one.wrong for one in passes)
    done = sum(one.mebibytes for one in passes)
    told = fault or f"{wrong} MiB wrong of {done} MiB read back"
    is_good = not fault and ready is not None and done > 0 and wrong == 0
    return [Check("RAM: read back as written", is_good, "0 MiB wrong", told)]


def throughput_ratio(seconds: Sequence[Second], limits: Limits) -> float | None:
    """Return the last window's throughput over the first one's; None where there is too little."""
    rates = [one.tflops for one in seconds[limits.warm_seconds :] if not one.is_plain]
    window = min(limits.window_seconds, len(rates) // 3)
    if window < limits.least_window_seconds:
        return None
    first, last = statistics.fmean(rates[:window]), statistics.fmean(rates[-window:])
    return last / first if first > 0 else None


def share_of_plain(seconds: Sequence[Second]) -> float | None:
    """Return the throughput while results are compared, over that of products only."""
    compared = [one.tflops for one in seconds if not one.is_plain]
    plain = [one.tflops for one in seconds if one.is_plain]
    if not compared or not plain:
        return None
    return statistics.median(compared) / statistics.median(plain)


def _right(ready: Ready, name: str) -> Check:
    return Check(
        f"{name}: the product is right",
        ready.difference <= ready.bound,
        f"within {ready.bound:g} of double precision ({ready.type})",
        f"{ready.difference:.2g}",
    )


def _same(burned: Burned, name: str) -> Check:
    compared = sum(one.compared for one in burned.seconds)
    wrong = sum(one.wrong for one in burned.seconds)
    largest = max((one.largest_difference for one in burned.seconds), default=0.0)
    told = f"{wrong} of {compared} compared differ"
    return Check(
        f"{name}: every product is the first one's, bit for bit",
        compared > 0 and wrong == 0,
        "0 differ",
        f"{told}, by up to {largest:.2g}" if wrong else told,
    )


def _steady(burned: Burned, name: str, limits: Limits) -> Check:
    ratio = throughput_ratio(burned.seconds, limits)
    told = f"{ratio:.3f}" if ratio is not None else f"{len(burned.seconds)} s are too few to tell"
    return Check(
        f"{name}: as fast at the end",
        ratio is not None and ratio >= limits.last_to_first,
        f">= {limits.last_to_first:g} of the beginning's throughput",
        told,
    )


def _there(watched: Watched) -> Check:
    lost = next((one.second for one in watched.samples if one.is_lost), None)
    told = "yes" if lost is None else f"lost after {lost:.0f} s"
    is_good = bool(watched.samples) and lost is None
    return Check(f"{watched.name}: there all the time", is_good, "yes", told)


def _told(watched: Watched) -> Check:
    known = [one.temperature_c for one in watched.samples if one.temperature_c is not None]
    share = len(known) / len(watched.samples) if watched.samples else 0.0
    told = f"{min(known)}-{max(known)} C in {share:.0%} of the samples" if known else _NOT_TOLD
    return Check(f"{watched.name}: its temperature was read", share >= 0.9, "in >= 90 %", told)


def _loaded(watched: Watched, limits: Limits) -> Check:
    known = [one.load_percent for one in watched.samples if one.load_percent is not None]
    median = statistics.median(known) if known else None
    return Check(
        f"{watched.name}: it was loaded",
        median is not None and median >= limits.load_percent,
        f">= {limits.load_percent} % (median)",
        _NOT_TOLD if median is None else f"{median:g} %",
    )


def _no_bad_reason(watched: Watched) -> Check:
    told = [one.reasons for one in watched.samples if one.reasons is not None]
    counted = {name: sum(name in one for one in told) for name in BAD_REASONS}
    seen = {name: number for name, number in counted.items() if number}
    words = ", ".join(f"{name} in {number} of {len(told)}" for name, number in seen.items())
    return Check(
        f"{watched.name}: no slowdown by heat or power in hardware",
        bool(told) and not seen,
        "never",
        words or ("never" if told else _NOT_TOLD),
    )


def _cool_enough(watched: Watched, limits: Limits) -> Check:
    """Return whether software held the clocks down because of heat for a good part of the time.

    A card that is slowed from the beginning is as fast at the end, and no card that was cooled.
    """
    told = [one.reasons for one in watched.samples if one.reasons is not None]
    slowed = sum("software_thermal" in one for one in told)
    share = slowed / len(told) if told else None
    return Check(
        f"{watched.name}: not slowed down by heat in software",
        share is not None and share <= limits.slowed_share,
        f"in <= {limits.slowed_share:.0%} of the samples",
        _NOT_TOLD if share is None else f"in {share:.0%}",
    )


def _memory_checks(watched: Watched) -> list[Check]:
    """Return what the card tells of its memory. One without ECC has nothing to tell."""
    before, after, name = watched.before, watched.after, watched.name
    checks = []
    if before.uncorrected is not None:
        new = None if after.uncorrected is None else after.uncorrected - before.uncorrected
        told = _NOT_TOLD if new is None else f"{new} new"
        checks.append(Check(f"{name}: no uncorrected memory error", new == 0, "0 new", told))
    if before.remapped is not None:
        is_same = after.remapped == before.remapped
        told = "none" if is_same else f"{before.remapped} -> {after.remapped or _NOT_TOLD}"
        checks.append(Check(f"{name}: no row of memory was remapped", is_same, "none", told))
    return checks
