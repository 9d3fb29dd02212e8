"""The GPUs the simulation knows: PCI id, name, generation, memory, power, compute capability.

Sources: the PCI ID database (vendor 10de), NVIDIA's data sheets (memory, power) and the list of
supported GPUs in NVIDIA's driver README. An id that is not listed gets its generation from
``GENERATION_RANGES``, as NVIDIA numbers its chips, and the name of an unknown card.
"""

from __future__ import annotations

from dataclasses import dataclass

# In the order of their age; the C side compares by position.
GENERATIONS = ("maxwell", "pascal", "volta", "turing", "ampere", "hopper", "ada", "blackwell")


@dataclass(frozen=True, slots=True)
class Gpu:
    """A card. ``device_id`` is the PCI device id; power is in watts."""

    device_id: int
    name: str
    generation: str
    memory_mib: int
    default_watts: int
    minimum_watts: int
    maximum_watts: int
    compute_capability: tuple[int, int]


GPUS = (
    Gpu(0x17C2, "NVIDIA GeForce GTX TITAN X", "maxwell", 12288, 250, 150, 275, (5, 2)),
    Gpu(0x1B06, "NVIDIA GeForce GTX 1080 Ti", "pascal", 11264, 250, 125, 300, (6, 1)),
    Gpu(0x1DB4, "Tesla V100-PCIE-16GB", "volta", 16384, 250, 100, 250, (7, 0)),
    Gpu(0x1D81, "NVIDIA TITAN V", "volta", 12288, 250, 100, 300, (7, 0)),
    Gpu(0x1E04, "NVIDIA GeForce RTX 2080 Ti", "turing", 11264, 250, 100, 280, (7, 5)),
    Gpu(0x1EB8, "Tesla T4", "turing", 15360, 70, 60, 70, (7, 5)),
    Gpu(0x2204, "NVIDIA GeForce RTX 3090", "ampere", 24576, 350, 100, 400, (8, 6)),
    Gpu(0x2230, "NVIDIA RTX A6000", "ampere", 49140, 300, 100, 300, (8, 6)),
    Gpu(0x20B2, "NVIDIA A100-SXM4-80GB", "ampere", 81920, 400, 100, 400, (8, 0)),
    Gpu(0x2330, "NVIDIA H100 80GB HBM3", "hopper", 81559, 700, 200, 700, (9, 0)),
    Gpu(0x2331, "NVIDIA H100 PCIe", "hopper", 81559, 350, 200, 350, (9, 0)),
    Gpu(0x2684, "NVIDIA GeForce RTX 4090", "ada", 24564, 450, 150, 600, (8, 9)),
    Gpu(0x26B1, "NVIDIA RTX 6000 Ada Generation", "ada", 49140, 300, 100, 300, (8, 9)),
    Gpu(0x2B85, "NVIDIA GeForce RTX 5090", "blackwell", 32607, 575, 400, 600, (12, 0)),
    Gpu(
        0x2BB1,
        "NVIDIA RTX PRO 6000 Blackwell Workstation Edition",
        "blackwell",
        97887,
        600,
        150,
        600,
        (12, 0),
    ),
    Gpu(0x2901, "NVIDIA B200", "blackwell", 183359, 1000, 200, 1000, (10, 0)),
)

# First device id of a run of chips of one generation; the run ends where the next begins.
GENERATION_RANGES = (
    (0x1340, "maxwell"),
    (0x15F0, "pascal"),
    (0x1600, "maxwell"),
    (0x1B00, "pascal"),
    (0x1D80, "volta"),
    (0x1E00, "turing"),
    (0x2080, "ampere"),
    (0x2300, "hopper"),
    (0x2400, "ampere"),
    (0x2600, "ada"),
    (0x2900, "blackwell"),
)

# The branches that drive a generation (first, last; None is "still"), and with which modules.
# Sources: NVIDIA's legacy GPU list (580 is the last branch for Maxwell, Pascal and Volta) and
# the README of the open kernel modules (Turing and later; Blackwell only open).
FIRST_BRANCH = {"blackwell": 570, "ada": 520, "hopper": 515}
LAST_BRANCH = {"maxwell": 580, "pascal": 580, "volta": 580}
FIRST_OPEN_GENERATION = "turing"
OPEN_ONLY_GENERATIONS = ("blackwell",)


def c_header() -> str:
    """Return the tables as the C header ``gpu_table.h``."""
    lines = ["/* Written by tests/sim/repository/gpus.py. */"]
    lines += [f"#define GENERATION_{name.upper()} {i}" for i, name in enumerate(GENERATIONS)]
    lines.append("static const struct gpu_model gpu_models[] = {")
    for g in GPUS:
        numbers = (g.memory_mib, g.default_watts, g.minimum_watts, g.maximum_watts)
        lines.append(
            f'    {{0x{g.device_id:04x}, "{g.name}", {GENERATIONS.index(g.generation)}, '
            f"{', '.join(map(str, numbers))}, {g.compute_capability[0]}, "
            f"{g.compute_capability[1]}}},"
        )
    lines += ["};", "static const struct gpu_range gpu_ranges[] = {"]
    lines += [f"    {{0x{i:04x}, {GENERATIONS.index(name)}}}," for i, name in GENERATION_RANGES]
    lines += ["};", "static const struct gpu_support gpu_support[] = {"]
    for name in GENERATIONS:
        is_open = GENERATIONS.index(name) >= GENERATIONS.index(FIRST_OPEN_GENERATION)
        lines.append(
            f"    {{{FIRST_BRANCH.get(name, 0)}, {LAST_BRANCH.get(name, 9999)}, "
            f"{int(is_open)}, {int(name not in OPEN_ONLY_GENERATIONS)}}}, /* {name} */"
        )
    return "\n".join([*lines, "};", ""])
