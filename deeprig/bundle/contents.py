"""Open a bundle, a directory or an archive, and read from it what its manifest names."""

from __future__ import annotations

import io
import os
import stat
import tarfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from deeprig.bundle.model import MANIFEST, BundleFile, Manifest, parse_manifest
from deeprig.bundle.zstd import unpacked
from deeprig.errors import DeeprigError, UsageProblem

#: Far more than a bundle of a large lab has: what claims more is none.
_MANIFEST_BYTES_AT_MOST = 256 << 20


@dataclass(frozen=True, slots=True)
class Member:
    """What really lies in a bundle. ``problem`` says why it cannot be one of its files."""

    path: str
    size_bytes: int
    problem: str | None = None
    offset_bytes: int = 0


class Bundle:
    """An open bundle. ``members`` is everything that lies in it, by path, unverified."""

    def __init__(self, path: Path, members: tuple[Member, ...], archive: Path | None) -> None:
        self.path = path
        self.members = members
        self._archive = archive
        self._by_path = {member.path: member for member in reversed(members)}
        self.manifest: Manifest = parse_manifest(self._manifest_text(), f"{path}: {MANIFEST}")

    def open(self, file: BundleFile) -> BinaryIO:
        """Return a file's content. Raise DeeprigError where it is not there as it should be."""
        member = self._by_path.get(file.path)
        if member is None or member.problem or member.size_bytes != file.size_bytes:
            raise DeeprigError(
                "it is not whole: run 'deeprig bundle check'", place=f"{self.path}: {file.path}"
            )
        return self.open_member(member)

    def open_member(self, member: Member) -> BinaryIO:
        """Return the content of what lies in the bundle."""
        if self._archive is None:
            return _open_regular(self.path / member.path)
        return _Part(self._archive, member.offset_bytes, member.size_bytes)

    def _manifest_text(self) -> str:
        member = self._by_path.get(MANIFEST)
        place = str(self.path)
        if member is None:
            raise DeeprigError(f"there is no {MANIFEST} in it: this is no bundle", place=place)
        if member.problem or member.size_bytes > _MANIFEST_BYTES_AT_MOST:
            raise DeeprigError(f"{MANIFEST}: {member.problem or 'too large'}", place=place)
        with self.open_member(member) as file:
            return file.read().decode("utf-8", errors="replace")


@contextmanager
def opened(path: Path) -> Iterator[Bundle]:
    """Open a bundle. Raise UsageProblem where there is none, DeeprigError where it is damaged."""
    if path.is_dir():
        yield Bundle(path, tuple(_members_of_directory(path)), None)
    elif not path.is_file():
        raise UsageProblem(
            "there is no such bundle", place=str(path), remedy="make one with 'deeprig bundle'"
        )
    elif path.suffix == ".zst":
        with unpacked(path) as archive:
            yield Bundle(path, _members_of_archive(archive, path), archive)
    else:
        yield Bundle(path, _members_of_archive(path, path), path)


def _members_of_directory(directory: Path) -> Iterator[Member]:
    for root, directories, names in os.walk(directory):
        for name in sorted((*names, *directories)):
            path = Path(root, name)
            status, inside = path.lstat(), str(path.relative_to(directory))
            if stat.S_ISREG(status.st_mode):
                yield Member(inside, status.st_size)
            elif not stat.S_ISDIR(status.st_mode):
                yield Member(inside, 0, "it is no plain file (a link, a device)")


def _members_of_archive(archive: Path, place: Path) -> tuple[Member, ...]:
    """Return an archive's members; its names are only compared, never used as paths."""
    members: list[Member] = []
    try:
        with tarfile.open(archive, "r:") as tar:
            for entry in tar:
                is_plain = entry.isreg() and not entry.issparse()
                problem = None if is_plain else "it is no plain file (a link, a device)"
                members.append(Member(entry.name, entry.size, problem, entry.offset_data))
        if archive.stat().st_size < _end_of(members):
            raise tarfile.ReadError("unexpected end of data")
    except (tarfile.TarError, OSError, EOFError, ValueError) as error:
        raise DeeprigError(
            f"it is no whole archive: {error}",
            place=str(place),
            remedy="copy it again, or make it again with 'deeprig bundle'",
        ) from error
    # Of two with one name, which one is meant? Neither is.
    count = Counter(member.path for member in members)
    return tuple(
        m if count[m.path] == 1 else replace(m, problem="it is there twice") for m in members
    )


def _end_of(members: list[Member]) -> int:
    return max((m.offset_bytes + m.size_bytes for m in members), default=0)


def _open_regular(path: Path) -> BinaryIO:
    """Open a file that no link leads to. Raise DeeprigError otherwise."""
    try:
        return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb")
    except OSError as error:
        raise DeeprigError(f"it cannot be read: {error.strerror}", place=str(path)) from error


class _Part(io.RawIOBase, BinaryIO):
    """A member of an archive, read where it lies: nothing is unpacked."""

    def __init__(self, archive: Path, offset_bytes: int, size_bytes: int) -> None:
        super().__init__()
        self._file = archive.open("rb")
        self._file.seek(offset_bytes)
        self._left_bytes = size_bytes

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        """Read on, never past the end of the member."""
        data = self._file.read(min(len(buffer), self._left_bytes))
        self._left_bytes -= len(data)
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Close the archive too."""
        self._file.close()
        super().close()
