"""Fetch a file once to the controller, verified: then every host of a lab can have it."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING
from urllib.parse import urlsplit

from deeprig.errors import DeeprigError

if TYPE_CHECKING:
    import requests

_CHUNK_BYTES = 1 << 20
_TIMEOUT_SECONDS = (10, 60)


def cache_directory() -> Path:
    """Return where fetched files are kept."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base, "deeprig", "downloads")


def fetch(url: str, sha256: str | None, cache: Path | None = None) -> Path:
    """Return a local copy of ``url`` whose SHA-256 is ``sha256`` (or the publisher's).

    Without ``sha256``, the first field of ``<url>.sha256`` is taken. A file of the right checksum
    in the cache is not fetched again. Raise DeeprigError, leaving nothing behind, when it cannot
    be fetched or its checksum is another.
    """
    wanted = sha256 or published_sha256(url)
    directory = cache or cache_directory()
    directory.mkdir(parents=True, exist_ok=True)
    target = directory / f"{wanted[:16]}-{Path(urlsplit(url).path).name}"
    if target.is_file() and _sha256_of(target) == wanted:
        return target
    handle, part = tempfile.mkstemp(dir=directory, prefix="part-")
    try:
        with os.fdopen(handle, "wb") as file:
            found = _download(url, file)
        if found != wanted:
            raise DeeprigError(
                f"its SHA-256 is {found}, expected {wanted}; it was thrown away",
                place=url,
                remedy="compare with the publisher's page; a proxy may have changed the file",
            )
        Path(part).rename(target)
    finally:
        Path(part).unlink(missing_ok=True)
    return target


def published_sha256(url: str) -> str:
    """Return the checksum that the publisher keeps beside the file."""
    with _answer(f"{url}.sha256") as response:
        text = response.text.split()
    if not text or len(text[0]) != 64 or not all(c in "0123456789abcdef" for c in text[0].lower()):
        raise DeeprigError(
            "there is no SHA-256 in it",
            place=f"{url}.sha256",
            remedy="state the checksum in the inventory (sha256 = '...')",
        )
    return text[0].lower()


@contextmanager
def _answer(url: str) -> Iterator[requests.Response]:
    """Yield the server's answer, and close its connection whatever happens."""
    if urlsplit(url).scheme not in ("http", "https"):
        raise DeeprigError("only http and https are fetched", place=url, remedy="serve it")
    import requests  # only an apply that downloads holds it in memory: 6 MB

    try:
        with requests.get(url, stream=True, timeout=_TIMEOUT_SECONDS) as response:
            response.raise_for_status()
            yield response
    except requests.RequestException as error:
        raise DeeprigError(
            f"it cannot be fetched: {error}",
            place=url,
            remedy="check the URL in the inventory, the network and the proxy (https_proxy)",
        ) from error


def _download(url: str, file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    with _answer(url) as response:
        for chunk in response.iter_content(_CHUNK_BYTES):
            digest.update(chunk)
            file.write(chunk)
    return digest.hexdigest()


def _sha256_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
