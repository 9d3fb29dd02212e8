"""Case ``transfers``: memory copies to and from each GPU, against what its PCIe link can carry."""

from __future__ import annotations

from typing import Any

import torch

from deeprig_host.training import nvbandwidth
from deeprig_host.training.cases import CaseContext, CaseResult, judged
from deeprig_host.training.pcie_link import Link, read_link
from deeprig_host.training.pytorch import timing
from deeprig_host.training.pytorch.gpu import gpu_names, reading_of
from deeprig_host.training.transfers_checks import Copies

_MEBIBYTES = 256
_BYTES = _MEBIBYTES * 1024 * 1024
_TESTS = ("host_to_device_memcpy_ce", "device_to_host_memcpy_ce")
#: Copies that are queued while the link is read: at 64 GB/s they take a tenth of a second.
_COPIES_UNDER_LOAD = 24


def run(context: CaseContext) -> CaseResult:
    """Copy, one GPU after the other: together they would share the root's lanes."""
    found = []
    for number, device in enumerate(gpu_names(context)):
        context.emit(number / context.gpu_count, device)
        found.append(_copies(device))
    checks = [check for one in found for check in one.checks()]
    measured = [one for copies in found for one in copies.measurements()]
    tests = nvbandwidth.run(_TESTS) if nvbandwidth.is_there() else ()
    checks += [one.check() for one in tests]
    measured += [one.measurement() for one in tests]
    links = {one.device: one.link.describe() if one.link else "unknown" for one in found}
    told = {"PCIe link under load": links, "nvbandwidth": [one.name for one in tests]}
    return judged(checks, measured, {}, told)


def _copies(device: str) -> Copies:
    random = torch.Generator().manual_seed(0)
    sent = torch.randint(0, 256, (_BYTES,), dtype=torch.uint8, generator=random)
    pinned, back = sent.pin_memory(), torch.empty_like(sent).pin_memory()
    there = torch.empty(_BYTES, dtype=torch.uint8, device=device)
    link = _link_under_load(there, pinned, device)
    to = _rate(there, pinned, device)
    back.copy_(there, non_blocking=True)
    torch.cuda.synchronize(device)
    is_same = bool(torch.equal(back, sent))
    return Copies(device, to, _rate(back, there, device), _rate(there, sent, device), is_same, link)


def _rate(to: Any, what: Any, device: str) -> float:
    seconds = timing.gpu_seconds(lambda: to.copy_(what, non_blocking=True), device)
    return _BYTES / seconds / 1e9


def _link_under_load(there: Any, pinned: Any, device: str) -> Link | None:
    """Read the link while copies are queued; it has sped up after the first of them."""
    address = reading_of(device).bus_id
    there.copy_(pinned)
    with torch.cuda.device(device):
        for _ in range(_COPIES_UNDER_LOAD):
            there.copy_(pinned, non_blocking=True)
        link = read_link(address)
        torch.cuda.synchronize(device)
    return link
