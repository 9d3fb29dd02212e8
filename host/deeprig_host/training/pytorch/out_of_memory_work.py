"""What the process of ``out_of_memory`` does: it takes its own memory away, and trains on."""

from __future__ import annotations

import gc
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import nn

from deeprig_host.training.device import CPU
from deeprig_host.training.pytorch import batches, networks
from deeprig_host.training.pytorch.rank import Rank

BASE_SAMPLES = 64
#: Forward pass alone keeps about 14 KiB for each image: a gigabyte.
BATCH_SAMPLES = 65536
_LIMIT_BYTES = 512 * 1024 * 1024
#: PyTorch's allocator on the CPU has no error of its own ("DefaultCPUAllocator: can't allocate
#: memory"); C++ says std::bad_alloc, Python MemoryError; oneDNN, where it can map no memory for the
#: code that it generates, only that (seen on a host; what it cannot compute at all, it could not
#: compute before the limit either).
_CPU_WORDS = ("can't allocate memory", "bad_alloc", "could not create a primitive")


def work(rank: Rank) -> dict[str, Any]:
    """Take the large batch in ever smaller parts until one fits; tell what happened."""
    torch.set_num_threads(1)
    torch.manual_seed(rank.seed)
    model = networks.convolutional(dropout=0.0).to(rank.device)
    ((images, labels),) = batches.read_batches(rank.workdir, rank.device)
    first_loss = _accumulate(model, images, labels, BASE_SAMPLES)
    wanted = [one.grad.clone() for one in model.parameters()]
    model.zero_grad()
    copies = BATCH_SAMPLES // BASE_SAMPLES
    many, their_labels = images.repeat(copies, 1, 1, 1), labels.repeat(copies)
    limit = _limit(rank.device)
    before = _allocated(rank.device)
    tries = []
    kept = 0
    for samples in _halves(BATCH_SAMPLES):
        error = _try(model, many, their_labels, samples)
        tries.append({"samples": samples, "error": error})
        if not error:
            break
        kept = max(kept, _allocated(rank.device) - before)
    pairs = zip(model.parameters(), wanted, strict=True)
    off = max(float((one.grad - other).abs().max()) for one, other in pairs)
    batches.sgd(model.parameters()).step()
    after = _accumulate(model, images, labels, BASE_SAMPLES)
    return {
        "limit": limit,
        "tries": tries,
        "bytes_kept": kept,
        "gradients_off": off,
        "largest_gradient": max(float(one.abs().max()) for one in wanted),
        "losses": [first_loss, after],
    }


def _halves(samples: int) -> Iterator[int]:
    while samples >= 1:
        yield samples
        samples //= 2


def _try(model: Any, images: Any, labels: Any, samples: int) -> str:
    """Return "" where it fits, else what the allocator said; other errors are raised.

    The error holds its frames, and they the tensors: it must be gone before memory is (PyTorch's
    FAQ, "My out of memory exception handler can't allocate memory").
    """
    said = ""
    try:
        _accumulate(model, images, labels, samples)
    except (RuntimeError, MemoryError) as problem:
        if not _is_out_of_memory(problem):
            raise
        said = " ".join(str(problem).split())[:200] or type(problem).__name__
    if said:
        model.zero_grad()
        gc.collect()
    return said


def _accumulate(model: Any, images: Any, labels: Any, samples: int) -> float:
    """Add up the gradients of the mean loss, part by part; return the loss."""
    total = 0.0
    for part, wanted in zip(images.split(samples), labels.split(samples), strict=True):
        loss = nn.functional.cross_entropy(model(part), wanted, reduction="sum") / len(labels)
        loss.backward()
        total += float(loss.detach())
    return total


def _is_out_of_memory(problem: BaseException) -> bool:
    is_of_gpu = isinstance(problem, torch.cuda.OutOfMemoryError)
    said = str(problem)
    return is_of_gpu or isinstance(problem, MemoryError) or any(one in said for one in _CPU_WORDS)


def _limit(device: str) -> str:
    """Let this process have only so much more memory; return it in words.

    CPU: RLIMIT_AS (setrlimit(2)), from what is mapped now (proc(5), statm). GPU: PyTorch's own
    allocator refuses beyond a share of the device (torch.cuda.set_per_process_memory_fraction).
    """
    told = f"at most {_LIMIT_BYTES >> 20} MiB more"
    if device == CPU:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        most = pages * resource.getpagesize() + _LIMIT_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (most, resource.getrlimit(resource.RLIMIT_AS)[1]))
        return told
    torch.cuda.empty_cache()
    total = torch.cuda.get_device_properties(device).total_memory
    share = (torch.cuda.memory_reserved(device) + _LIMIT_BYTES) / total
    torch.cuda.set_per_process_memory_fraction(min(1.0, share), device)
    return told


def _allocated(device: str) -> int:
    """Return what tensors occupy of the GPU; of the CPU nothing is known, 0."""
    return 0 if device == CPU else int(torch.cuda.memory_allocated(device))
