"""A process of a parallel case: ``python -m ...pytorch.rank WORK KIND SEED WORKDIR``.

Started by torchrun, which says its number in the environment, or alone. Its answer is
``WORKDIR/rank-N.json``; what it raises stands in ``WORKDIR/rank-N.error``.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.distributed

from deeprig_host.training.said import one_line

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Rank:
    """Which of how many, on which device. ``workdir`` is shared by all."""

    number: int
    count: int
    device: str
    seed: int
    workdir: Path


def main() -> int:
    """Work and write the answer; 1 where it raised."""
    # prctl(2): a rank that waits for another must not outlive who started it.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    work, kind, seed, workdir = sys.argv[1:]
    number, count = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    device = "cpu" if kind == "cpu" else f"cuda:{number}"
    rank = Rank(number, count, device, int(seed), Path(workdir))
    module = importlib.import_module(f"deeprig_host.training.pytorch.{work}")
    try:
        told = _among_others(module.work, rank) if "RANK" in os.environ else module.work(rank)
    except Exception as problem:  # noqa: BLE001 - it is told to the case, whatever it is
        (rank.workdir / f"rank-{number}.error").write_text(one_line(problem), encoding="utf-8")
        return 1
    (rank.workdir / f"rank-{number}.json").write_text(json.dumps(told), encoding="utf-8")
    return 0


def _among_others(work: Any, rank: Rank) -> Any:
    torch.set_num_threads(1)
    if rank.device != "cpu":
        torch.cuda.set_device(rank.device)
    torch.distributed.init_process_group("gloo" if rank.device == "cpu" else "nccl")
    try:
        return work(rank)
    finally:
        torch.distributed.destroy_process_group()


if __name__ == "__main__":
    sys.exit(main())
