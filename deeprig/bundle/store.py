"""The directory in which a bundle grows. An attempt that was cut is gone on with."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from deeprig.bundle.downloading import Wanted, digest_of, download
from deeprig.bundle.model import MANIFEST, BundleFile, Kind, Manifest, path_of, without_login
from deeprig.errors import DeeprigError, UsageProblem


class Store:
    """Files of one bundle, by path. Each is whole and proven as soon as it has its name."""

    def __init__(self, directory: Path, tell: Callable[[int], None] = lambda size: None) -> None:
        """Take up an unfinished bundle, or begin one. Raise UsageProblem for another directory."""
        if directory.exists() and not (directory / "files").is_dir():
            raise UsageProblem(
                "this is no unfinished bundle", place=str(directory), remedy="move it away"
            )
        (directory / "files").mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self._tell = tell
        self._files: dict[str, BundleFile] = {}
        self._proven: dict[tuple[Kind, str], Path] = {}

    @property
    def files(self) -> tuple[BundleFile, ...]:
        """Return what the bundle has by now, in the one order it has."""
        return tuple(self._files[path] for path in sorted(self._files))

    def fetch(
        self,
        kind: Kind,
        wanted: Wanted,
        *,
        host: str,
        urls: Iterable[str] = (),
        media_type: str = "application/octet-stream",
    ) -> BundleFile:
        """Have a file of a known checksum; ``urls`` are further ones under which it is asked for.

        Raise DeeprigError where it cannot be had, or is another.
        """
        name = PurePosixPath(unquote(urlsplit(wanted.url).path)).name
        kept = self._proven.get((kind, wanted.digest)) or self._kept(kind, wanted, name)
        if kept is None:
            part = self.directory / "files" / f".part-{wanted.digest}"
            download(wanted, part, self._tell)
            kept = self._name(part, kind, name)
        self._proven[kind, wanted.digest] = kept
        path = kept.relative_to(self.directory)
        sha256 = wanted.digest if wanted.algorithm == "sha256" else digest_of(kept)
        file = BundleFile(str(path), kind, sha256, kept.stat().st_size, media_type=media_type)
        return self._add(file, (wanted.url, *urls), host)

    def write(
        self,
        kind: Kind,
        name: str,
        content: bytes,
        *,
        host: str,
        urls: Iterable[str] = (),
        media_type: str = "application/octet-stream",
    ) -> BundleFile:
        """Have a file of this content."""
        part = self.directory / "files" / f".part-{os.urandom(8).hex()}"
        part.write_bytes(content)
        kept = self._name(part, kind, name)
        path, sha256 = str(kept.relative_to(self.directory)), digest_of(kept)
        file = BundleFile(path, kind, sha256, len(content), media_type=media_type)
        return self._add(file, tuple(urls), host)

    def note_licence(self, file: BundleFile, licence: str) -> None:
        """Note under which licence a file comes."""
        self._files[file.path] = replace(self._files[file.path], licence=licence)

    def path(self, file: BundleFile) -> Path:
        """Return where a file lies."""
        return self.directory / file.path

    def finish(self, manifest: Manifest) -> None:
        """Write the manifest, and remove what an earlier attempt left that is not needed."""
        wanted = {file.path for file in manifest.files}
        for path in sorted((self.directory / "files").rglob("*")):
            if path.is_file() and str(path.relative_to(self.directory)) not in wanted:
                path.unlink()
        (self.directory / MANIFEST).write_text(manifest.to_json(), encoding="utf-8")

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep every other deeprig out meanwhile; the kernel lets go with this process (flock(2)).

        Raise UsageProblem where another makes this bundle.
        """
        descriptor = os.open(self.directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
            fcntl.flock(descriptor, fcntl.LOCK_UN)  # a close alone may take a moment to let go
        except BlockingIOError:
            raise UsageProblem(
                "another deeprig is making this bundle",
                place=str(self.directory),
                remedy="let it end",
            ) from None
        finally:
            os.close(descriptor)

    def discard(self) -> None:
        """Remove the directory, once its content is in an archive."""
        shutil.rmtree(self.directory)

    def _kept(self, kind: Kind, wanted: Wanted, name: str) -> Path | None:
        """Return a file that an earlier attempt fetched, if it is still the one wanted."""
        if wanted.algorithm == "sha256":
            candidates = [self.directory / path_of(kind, wanted.digest, name)]
        else:
            harmless = path_of(kind, "0" * 64, name).rpartition("/")[2][16:]
            candidates = sorted((self.directory / "files" / kind).glob(f"*{harmless}"))
        for path in candidates:
            if path.is_file() and digest_of(path, wanted.algorithm) == wanted.digest:
                return path
        return None

    def _name(self, part: Path, kind: Kind, name: str) -> Path:
        path = self.directory / path_of(kind, digest_of(part), name)
        try:
            path.parent.mkdir(exist_ok=True)
            part.chmod(0o644)
            part.replace(path)
        except OSError as error:
            raise DeeprigError(
                f"it cannot be written: {error.strerror}", place=str(path)
            ) from error
        return path

    def _add(self, file: BundleFile, urls: tuple[str, ...], host: str) -> BundleFile:
        before = self._files.get(file.path, file)
        merged = replace(
            before,
            urls=tuple(sorted({*before.urls, *map(without_login, urls)})),
            hosts=tuple(sorted({*before.hosts, host})),
        )
        self._files[file.path] = merged
        return merged
