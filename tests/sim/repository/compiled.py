"""The simulated libraries and programs: compiled once, a version written into each copy."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.sim.repository import gpus

SOURCES = Path(__file__).parent / "c"
MARK = b"@DEEPRIG-DRIVER-VERSION@"
FIELD_BYTES = 32  # as in sim.c and kernel/nvidia.c

# Output, its source beside sim.c, and what makes it a library.
LIBRARIES = (
    ("libnvidia-ml.so.1", "nvml.c"),
    ("libcuda.so.1", "cuda.c"),
    ("libcudart.so.12", "cudart.c"),
    ("libcudart.so.13", "cudart.c"),
    ("libcudnn.so.9", "cudnn.c"),
    ("libnccl.so.2", "nccl.c"),
)
PROGRAMS = (
    ("nvidia-smi", "smi.c"),
    ("nvidia-persistenced", "persistenced.c"),
    ("nv-fabricmanager", "fabricmanager.c"),
)


class CompilationFailed(Exception):
    """gcc failed; the message is its own."""


@dataclass(frozen=True, slots=True)
class Programs:
    """The compiled templates by name."""

    templates: dict[str, bytes]

    def of(self, name: str, version: str) -> bytes:
        """Return a library or program that belongs to a version."""
        return with_version(self.templates[name], version)


def with_version(binary: bytes, version: str) -> bytes:
    """Return a binary with the version in place of the mark. Raise ValueError without one."""
    room = MARK.ljust(FIELD_BYTES, b"\0")
    if room not in binary:
        raise ValueError("the binary has no place for a version")
    if len(version) >= FIELD_BYTES:
        raise ValueError(f"version {version!r} is too long")
    return binary.replace(room, version.encode().ljust(FIELD_BYTES, b"\0"))


def compile_programs(work: Path) -> Programs:
    """Compile everything in a directory. Raise CompilationFailed."""
    work.mkdir(parents=True, exist_ok=True)
    (work / "gpu_table.h").write_text(gpus.c_header(), encoding="ascii")
    for name, source in LIBRARIES:
        _gcc(work, name, source, ("-fPIC", "-shared", f"-Wl,-soname,{name}"))
    for name, source in PROGRAMS:
        _gcc(work, name, source, ())
    return load_programs(work)


def load_programs(work: Path) -> Programs:
    """Return what was compiled in a directory."""
    return Programs({name: (work / name).read_bytes() for name, _ in LIBRARIES + PROGRAMS})


def _gcc(work: Path, name: str, source: str, options: tuple[str, ...]) -> None:
    # gnu11: newer standards bind strtol and sscanf to symbols that an older host's libc lacks.
    flags = ("-std=gnu11", "-O1", "-s", "-Wall", "-Wextra", "-Werror", f"-I{work}", f"-I{SOURCES}")
    files = (str(SOURCES / source), str(SOURCES / "sim.c"))
    command = ["gcc", *flags, *options, "-o", str(work / name), *files, "-ldl"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise CompilationFailed(f"{source}: {done.stderr}")
