"""Give a finished bundle its final name: a directory, or an archive. Never half of one."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

from deeprig.bundle import zstd
from deeprig.bundle.model import MANIFEST, Manifest
from deeprig.bundle.room import check_room
from deeprig.errors import UsageProblem

_ENDINGS = (".tar", ".tar.zst")


def check_output(output: Path) -> None:
    """Raise UsageProblem for a place where no bundle can be made."""
    if output.exists():
        raise UsageProblem(
            "it is there already", place=str(output), remedy="remove it, or name another"
        )
    if not output.parent.is_dir():
        raise UsageProblem("there is no such directory", place=str(output.parent), remedy="make it")
    if output.suffix in (".zip", ".tgz", ".gz", ".xz", ".bz2"):
        raise UsageProblem(
            f"bundles are directories, or end in {' or '.join(_ENDINGS)}", place=str(output)
        )
    if is_packed(output):
        zstd.program()


def is_archive(output: Path) -> bool:
    """Say whether the bundle is to be one file."""
    return output.name.endswith(_ENDINGS)


def is_packed(output: Path) -> bool:
    """Say whether the bundle is to be packed with zstd."""
    return output.name.endswith(".tar.zst")


def place(directory: Path, manifest: Manifest, output: Path) -> None:
    """Turn a finished directory into ``output``. A directory is renamed, an archive is written."""
    if not is_archive(output):
        directory.rename(output)
        return
    check_room(output.parent, manifest.size_bytes * (2 if is_packed(output) else 1))
    part = output.with_name(f"{output.name}.part")
    packed = output.with_name(f"{output.name}.part.zst")
    try:
        _write_tar(directory, manifest, part)
        if is_packed(output):
            zstd.pack(part, packed)
            packed.replace(part)
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.rename(output)
    finally:
        part.unlink(missing_ok=True)
        packed.unlink(missing_ok=True)


def _write_tar(directory: Path, manifest: Manifest, archive: Path) -> None:
    """Write the files in one order, with no owner and no time: equal bundles are equal bytes."""
    paths = (MANIFEST, *sorted(file.path for file in manifest.files))
    with tarfile.open(archive, "w", format=tarfile.GNU_FORMAT) as tar:
        for path in paths:
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = (directory / path).stat().st_size, 0o644
            with (directory / path).open("rb") as content:
                tar.addfile(entry, content)
