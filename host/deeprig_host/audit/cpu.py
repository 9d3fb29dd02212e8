"""The processors, by /proc/cpuinfo and sysfs."""

from __future__ import annotations

import re
from dataclasses import dataclass

from deeprig_host.audit.tree import Tree

#: What training software has other code for; ``amx_tile`` is the 4th generation Xeon's.
_FLAGS = ("avx", "avx2", "avx512f", "amx_tile", "fma")
_CPU = "/sys/devices/system/cpu"
_NO_TOPOLOGY = "/proc/cpuinfo tells no {} on this kind of processor"


@dataclass(frozen=True, slots=True)
class Cpu:
    """All processors together; ``max_mhz`` is the fastest core's."""

    model: str | None
    sockets: int | None
    cores: int | None
    threads: int | None
    numa_nodes: int | None
    max_mhz: float | None
    flags: tuple[str, ...]


def cpu(tree: Tree) -> Cpu:
    """Return the processors."""
    threads = _threads(tree)
    return Cpu(
        model=_model(tree, threads),
        sockets=_count(tree, threads, "cpu.sockets", ("physical id",)),
        cores=_count(tree, threads, "cpu.cores", ("physical id", "core id")),
        threads=len(threads) or None,
        numa_nodes=_numa_nodes(tree),
        max_mhz=_max_mhz(tree),
        flags=_flags(threads),
    )


def _threads(tree: Tree) -> tuple[dict[str, str], ...]:
    text = tree.text("/proc/cpuinfo", "cpu.threads")
    blocks = re.split(r"\n\s*\n", text or "")
    parsed = (_block(block) for block in blocks)
    threads = tuple(block for block in parsed if block.get("processor", "").isdecimal())
    if text is not None and not threads:
        tree.tell("cpu.threads", "/proc/cpuinfo names no processor")
    return threads


def _block(text: str) -> dict[str, str]:
    fields = (line.partition(":") for line in text.splitlines())
    return {name.strip(): value.strip() for name, _, value in fields}


def _model(tree: Tree, threads: tuple[dict[str, str], ...]) -> str | None:
    found = next((thread["model name"] for thread in threads if thread.get("model name")), None)
    if found is None:
        tree.tell("cpu.model", _NO_TOPOLOGY.format("model name"))
    return found


def _count(
    tree: Tree, threads: tuple[dict[str, str], ...], what: str, names: tuple[str, ...]
) -> int | None:
    """Return how many different values the fields have together, None where a thread lacks one."""
    if threads and all(name in thread for thread in threads for name in names):
        return len({tuple(thread[name] for name in names) for thread in threads})
    tree.tell(what, _NO_TOPOLOGY.format(" and ".join(names)))
    return None


def _numa_nodes(tree: Tree) -> int | None:
    nodes = [n for n in tree.names("/sys/devices/system/node") if re.fullmatch(r"node\d+", n)]
    if not nodes:
        tree.tell("cpu.numa_nodes", "no /sys/devices/system/node/node*: a kernel without NUMA")
    return len(nodes) or None


def _max_mhz(tree: Tree) -> float | None:
    names = [name for name in tree.names(_CPU) if re.fullmatch(r"cpu\d+", name)]
    khz = [tree.number(f"{_CPU}/{name}/cpufreq/cpuinfo_max_freq") for name in names]
    found = [value for value in khz if value]
    if not found:
        tree.tell("cpu.max_mhz", f"no cpufreq driver: no {_CPU}/cpu*/cpufreq")
        return None
    return max(found) / 1000


def _flags(threads: tuple[dict[str, str], ...]) -> tuple[str, ...]:
    """Return the flags that every thread has; there are processors with unlike cores."""
    each = [set(thread.get("flags", "").split()) for thread in threads]
    return tuple(flag for flag in _FLAGS if each and all(flag in flags for flags in each))
