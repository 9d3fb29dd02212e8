"""Case ``peer_to_peer``: copies from each GPU to each other arrive, and none is far slower."""

from __future__ import annotations

import itertools
from typing import Any

import torch

from deeprig_host.training import nvlink
from deeprig_host.training.cases import CaseContext, CaseResult, Measurement, judged, skipped
from deeprig_host.training.peer_checks import Pair, check_arrive, check_even
from deeprig_host.training.pytorch import timing
from deeprig_host.training.pytorch.gpu import gpu_names

_BYTES = 256 * 1024 * 1024


def run(context: CaseContext) -> CaseResult:
    """Copy between all pairs, in both directions, one after the other."""
    names = gpu_names(context)
    if len(names) < 2:
        return skipped("it needs two GPUs; this run has one")
    pairs = []
    ways = tuple(itertools.permutations(names, 2))
    for number, (source, target) in enumerate(ways):
        context.emit(number / len(ways), f"{source} to {target}")
        pairs.append(_copy(source, target))
    checks = (check_arrive(pairs), *check_even(pairs))
    measured = tuple(
        Measurement(one.name, one.gigabytes_per_second, "GB/s", "higher") for one in pairs
    )
    links = {one.uuid: one.describe() for one in nvlink.read_links()}
    told = {"direct": [one.name for one in pairs if one.is_direct], "NVLink": links}
    return judged(checks, measured, {}, told)


def _copy(source: str, target: str) -> Pair:
    generator = torch.Generator(device=source).manual_seed(0)
    kind: dict[str, Any] = {"dtype": torch.uint8, "device": source}
    sent = torch.randint(0, 256, (_BYTES,), generator=generator, **kind)
    there = torch.empty(_BYTES, dtype=torch.uint8, device=target)
    seconds = timing.gpu_seconds(lambda: there.copy_(sent, non_blocking=True), source)
    torch.cuda.synchronize(target)
    is_same = bool(torch.equal(there.cpu(), sent.cpu()))
    is_direct = bool(torch.cuda.can_device_access_peer(source, target))
    return Pair(source, target, is_direct, is_same, _BYTES / seconds / 1e9)
