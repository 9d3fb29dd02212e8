"""Processes that a case starts: torchrun with its ranks, or one alone. None outlives its case."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from deeprig_host.training.cases import CaseContext
from deeprig_host.training.device import CPU

#: An import of PyTorch from a cold network disk can take minutes; ranks that wait for each other
#: for ever are a finding.
_LIMIT_SECONDS = 600
_END_SECONDS = 30
#: Two show all that more would on a CPU.
_CPU_RANKS = 2
_RANK = "deeprig_host.training.pytorch.rank"
_TOLD_LINES = 3
_PID = re.compile(r" \(pid: \d+\)")
#: What C++, glibc and Python say before abort(3); torchrun itself tells only the signal.
_ABORTED = re.compile(
    r"terminate called|what\(\):|Fatal Python error|^Assertion |\(\): invalid|corrupt"
)


def rank_count(context: CaseContext) -> int:
    """Return how many ranks a parallel case has: one for each GPU, or two on the CPU."""
    return context.gpu_count or _CPU_RANKS


def run_ranks(work: str, context: CaseContext) -> tuple[dict[str, Any], ...]:
    """Start ``work`` by torchrun, as users do, and return what each rank said, in their order.

    Raise RuntimeError with the last lines where it fails. ``--local-addr`` because by default the
    ranks meet at the machine's own name, which not every machine can resolve (torchrun's page).
    """
    count = rank_count(context)
    torchrun = ("torch.distributed.run", "--standalone", "--local-addr", "127.0.0.1")
    ranks = ("--nproc-per-node", str(count), "-m", _RANK)
    _run((*torchrun, *ranks, *_words(work, context)), context)
    return tuple(_told(context.workdir / f"rank-{number}.json") for number in range(count))


def run_alone(work: str, context: CaseContext) -> dict[str, Any]:
    """Start ``work`` in one new process and return what it said. Raise RuntimeError."""
    _run((_RANK, *_words(work, context)), context)
    return _told(context.workdir / "rank-0.json")


def _words(work: str, context: CaseContext) -> tuple[str, ...]:
    kind = CPU if context.device == CPU else "cuda"
    return (work, kind, str(context.seed), str(context.workdir))


def _run(module: tuple[str, ...], context: CaseContext) -> None:
    log = context.workdir / "processes.log"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            (sys.executable, "-m", *module),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=_environment(context),
        ) as process,
    ):
        try:
            code = process.wait(_LIMIT_SECONDS)
        finally:
            _end(process)
    said = log.read_text(encoding="utf-8", errors="replace")
    sys.stderr.write(said)
    if code != 0:
        raise RuntimeError(f"{module[0]} ended with {code}: {_reason(said, context.workdir)}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End what still runs: torchrun ends its ranks at SIGTERM, and they die with it in any case."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


def _environment(context: CaseContext) -> dict[str, str]:
    """All ranks are on this machine: gloo and NCCL talk over its loopback, whatever its network.

    GLOO_SOCKET_IFNAME: PyTorch's page of torch.distributed. NCCL_SOCKET_IFNAME: NCCL's page of its
    environment variables; between GPUs of one machine it carries only the first greetings.
    """
    told = dict(os.environ)
    told |= {"GLOO_SOCKET_IFNAME": "lo", "NCCL_SOCKET_IFNAME": "lo", "OMP_NUM_THREADS": "1"}
    return told


def _reason(said: str, workdir: Path) -> str:
    """Return what a rank raised, or how torchrun says that one ended, or the last lines."""
    errors = sorted(workdir.glob("rank-*.error"))
    if errors:
        return errors[0].read_text(encoding="utf-8")
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    codes = [_PID.sub("", line) for line in lines if line.startswith("exitcode")]
    aborted = [line for line in lines if _ABORTED.search(line)][:_TOLD_LINES]
    told = dict.fromkeys([*aborted, *codes])
    return "; ".join(told or lines[-_TOLD_LINES:]) or "it said nothing"


def _told(path: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return told
