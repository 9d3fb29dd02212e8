"""What the process of ``compile`` does."""

from __future__ import annotations

import collections
import os
import time
from pathlib import Path
from typing import Any

import torch
from torch import nn

from deeprig_host.training.pytorch import batches, networks
from deeprig_host.training.pytorch.rank import Rank

_TIMED_STEPS = 20


def work(rank: Rank) -> dict[str, Any]:
    """Compile, compare with the network as it was written, train, and measure."""
    cache = rank.workdir / "compiled"
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(cache)
    torch.set_num_threads(1)
    torch.manual_seed(rank.seed)
    model = networks.convolutional(dropout=0.0).to(rank.device)
    graphs: list[Any] = []
    compiled = torch.compile(model, backend=_counted(graphs), fullgraph=True)
    pairs = list(batches.read_batches(rank.workdir, rank.device))
    plain = _backward(model, *pairs[0])
    started = time.monotonic()
    fast = _backward(compiled, *pairs[0])
    seconds = time.monotonic() - started
    told = _compared(plain, fast)
    told["losses"] = _train(compiled, pairs * 3)
    return told | {
        "graphs": len(graphs),
        "kind": ".cpp" if rank.device == "cpu" else ".cubin",
        "files": _files(cache),
        "compile_seconds": seconds,
        "step_seconds": _step_seconds(model, pairs[0], rank.device),
        "compiled_step_seconds": _step_seconds(compiled, pairs[0], rank.device),
    }


def _counted(graphs: list[Any]) -> Any:
    """Return the usual compiler, Inductor, which also tells each graph that it was given.

    ("Custom Backends" in PyTorch's manual: a backend may hand its graph on to another one.)
    """
    usual = torch._dynamo.lookup_backend("inductor")

    def compile_graph(graph: Any, inputs: Any) -> Any:
        graphs.append(graph)
        return usual(graph, inputs)

    return compile_graph


def _backward(model: Any, images: Any, labels: Any) -> list[Any]:
    """Return outputs and gradients."""
    model.zero_grad()
    outputs = model(images)
    nn.functional.cross_entropy(outputs, labels).backward()
    return [outputs.detach(), *(one.grad.clone() for one in model.parameters())]


def _compared(plain: list[Any], fast: list[Any]) -> dict[str, Any]:
    off = [float((one - other).abs().max()) for one, other in zip(plain, fast, strict=True)]
    sizes = [float(one.abs().max()) for one in plain]
    return {
        "outputs_off": off[0],
        "largest_output": sizes[0],
        "gradients_off": max(off[1:]),
        "largest_gradient": max(sizes[1:]),
    }


def _train(model: Any, pairs: list[tuple[Any, Any]]) -> list[float]:
    optimizer = batches.sgd(model.parameters())
    losses = []
    for images, labels in pairs:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    return losses


def _step_seconds(model: Any, pair: tuple[Any, Any], device: str) -> float:
    """Return the mean of some steps, from start to end of all: measured, not judged."""
    started = time.perf_counter()
    for _ in range(_TIMED_STEPS):
        _backward(model, *pair)
    if device != "cpu":
        torch.cuda.synchronize(device)
    return (time.perf_counter() - started) / _TIMED_STEPS


def _files(cache: Path) -> dict[str, int]:
    kinds = (path.suffix for path in cache.rglob("*") if path.is_file() and path.suffix)
    return dict(collections.Counter(kinds))
