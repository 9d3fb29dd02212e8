"""Numbers as people read them: bytes, and what counts as a nominal size."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from deeprig.audit.devices import Gpu

GIB = 1024**3
#: The part of memory that firmware, kernel, ECC and integrated graphics may keep from its owner:
#: a module or a card sold as 16 GB shows 5 % less and is still one of 16 GB.
RESERVED = 0.05


def has_nominal(total_bytes: int, nominal_gb: float) -> bool:
    """Return whether memory is one of so many GB (which for memory are 2^30 bytes)."""
    return total_bytes >= nominal_gb * GIB * (1 - RESERVED)


def gib(total_bytes: float) -> str:
    """Return bytes of memory as text, such as ``15.6 GiB``."""
    return f"{total_bytes / GIB:.1f} GiB"


def disk_size(total_bytes: float) -> str:
    """Return bytes of a disk as its maker counts them: ``512 GB``, ``3.8 TB``."""
    gigabytes = total_bytes / 1e9
    return f"{gigabytes / 1000:.1f} TB" if gigabytes >= 1000 else f"{gigabytes:.0f} GB"


def name_of(gpu: Gpu) -> str:
    """Return what a GPU is called: its name, before the driver its PCI id."""
    return gpu.name or f"GPU {gpu.vendor}:{gpu.device}"


def named(*gpus: Gpu) -> str:
    """Return GPUs by name, each kind once with where its cards are: ``RTX 3090 at A, B``."""
    kinds: dict[str, list[str]] = {}
    for gpu in gpus:
        kinds.setdefault(name_of(gpu), []).append(gpu.address)
    return "; ".join(f"{kind} at {', '.join(addresses)}" for kind, addresses in kinds.items())


def counted(values: Iterable[str]) -> str:
    """Return values, each once with how often it is there: ``3 x 16, 8``."""
    counts = Counter(values)
    return ", ".join(f"{n} x {value}" if n > 1 else value for value, n in counts.items())


def number_of(count: int, noun: str) -> str:
    """Return a count with its noun: ``1 GPU``, ``4 GPUs``, ``0 GPUs``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
