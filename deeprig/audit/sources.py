"""The published rules that the audit applies: each with its origin, in our words."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Source:
    """Where a rule was published, and what it says there (told, not quoted)."""

    origin: str
    rule: str


_DETTMERS = 'Tim Dettmers, "A Full Hardware Guide to Deep Learning" (2018)'
_BUILD_GUIDE = "the general build guide behind this project"


RAM_SIZE = Source(_BUILD_GUIDE, "at least 16 GB of RAM, 32 GB recommended")
RAM_MATCHES_GPU = Source(_DETTMERS, "at least as much RAM as the largest GPU has memory")
GPU_PRESENT = Source(_DETTMERS, "a system for deep learning should not leave out the GPU")
GPU_MEMORY = Source(
    _DETTMERS,
    "GPU memory: 4 to 8 GB for Kaggle, 8 GB for most research, 11 GB and more for the state of the "
    "art",
)
GPU_COUNT = Source(_BUILD_GUIDE, "training on several GPUs needs two that hold the same model")
TENSOR_CORES = Source(
    "NVIDIA, CUDA C++ Programming Guide (compute capabilities) and Turing architecture paper",
    "Tensor Cores came with compute capability 7.0; Turing's TU116 and TU117 (7.5) have none",
)
CPU_CORES = Source(
    _DETTMERS, "1 core per GPU for data preprocessed before, 2 when preprocessing on the fly"
)
CPU_CLOCK = Source(_DETTMERS, "a CPU clock above 2 GHz")
PCIE_LANES = Source(_DETTMERS, "lanes hardly matter up to 3 GPUs; with 4, have 8 lanes for each")
PCIE_SEATED = Source(
    "PCI Express Base Specification, link training; read as drivers/pci/pci-sysfs.c tells it",
    "a link trains to the widest that both its ends have; far less is a contact or a riser",
)
PCIE_GENERATION = Source(
    "NVIDIA, nvidia-smi --help-query-gpu (pcie.link.gen.gpucurrent)",
    "the link's generation may be lowered while the GPU is not in use: judge it under load",
)
POWER_SUPPLY = Source(
    _DETTMERS, "the watts of GPUs and CPU together, times 1.1; another 10 % to be sure"
)
POWER_SEVERAL = Source(_BUILD_GUIDE, "at least 1000 W for several high-end cards")
COOLING = Source(
    _DETTMERS, "several cards side by side: blower fans or water, or they run up to 30 % slower"
)
COOLERS_DECLARED = Source(
    "the inventory's own declaration", "cooler_type by PCI address names GPUs that are there"
)
COOLING_PASSIVE = Source(
    "NVIDIA, product briefs of passively cooled boards",
    "a passive heat sink needs the airflow of a server's chassis",
)
TEMPERATURE = Source(_DETTMERS, "GPUs slow down from about 80 degrees Celsius on")
SSD = Source(_BUILD_GUIDE, "an SSD of at least 256 GB for the system and data preparation")
NVME = Source(_BUILD_GUIDE, "NVMe is better than SATA for reading training data")
ARCHIVE = Source(_DETTMERS, "a hard disk of 3 TB or more for the data")
WIRED = Source(_BUILD_GUIDE, "a wired link, up, of at least 1 Gbit/s")
ABOVE_4G = Source(
    _BUILD_GUIDE, "several GPUs need 64-bit memory windows: 'Above 4G decoding' in the firmware"
)
