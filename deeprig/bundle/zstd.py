"""Pack and unpack with zstd(1): Python itself knows the format only since 3.14."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deeprig.bundle.room import check_room
from deeprig.errors import DeeprigError, UsageProblem

#: What a bundle holds is compressed already: a higher level costs minutes and saves nothing.
_LEVEL = "-3"


def program() -> str:
    """Return where zstd is. Raise UsageProblem where this machine has none."""
    found = shutil.which("zstd")
    if found is None:
        raise UsageProblem(
            "this machine has no zstd",
            remedy="apt install zstd, or name the bundle .tar: what is in it is compressed already",
        )
    return found


def pack(archive: Path, packed: Path) -> None:
    """Write ``packed`` from an archive; both exist then."""
    _run(program(), "-q", "-f", _LEVEL, "-T0", "-o", str(packed), str(archive))


@contextmanager
def unpacked(packed: Path) -> Iterator[Path]:
    """Yield the archive in a temporary file beside the packed one, or where there is room."""
    with tempfile.TemporaryDirectory(prefix="deeprig-bundle-") as directory:
        # zstd's frame need not tell its size; archives of packages shrink by little.
        check_room(Path(directory), int(packed.stat().st_size * 1.2))
        archive = Path(directory, "bundle.tar")
        _run(program(), "-q", "-d", "-o", str(archive), str(packed), place=packed)
        yield archive


def _run(*words: str, place: Path | None = None) -> None:
    done = subprocess.run(words, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode != 0:
        raise DeeprigError(
            f"zstd failed: {done.stderr.strip()}",
            place=str(place or words[-1]),
            remedy="copy it again, or make it again with 'deeprig bundle'; is the disk full?",
        )
