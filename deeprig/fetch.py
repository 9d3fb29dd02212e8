"""Fetch a file once to the controller, verified: then every host of a lab can have it."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import requests

from deeprig.errors import DeeprigError

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
    text = _get(f"{url}.sha256").text.split()
    if not text or len(text[0]) != 64 or not all(c in "0123456789abcdef" for c in text[0].lower()):
        raise DeeprigError(
            "there is no SHA-256 in it",
            place=f"{url}.sha256",
            remedy="state the checksum in the inventory (sha256 = '...')",
        )
    return text[0].lower()


def _get(url: str) -> requests.Response:
    if urlsplit(url).scheme == "file":
        raise DeeprigError("file URLs are not fetched", place=url, remedy="serve it over http")
    try:
        response = requests.get(url, stream=True, timeout=_TIMEOUT_SECONDS)
        response.raise_for_status()
    except requests.RequestException as error:
        raise DeeprigError(
            f"it cannot be fetched: {error}",
            place=url,
            remedy="check the URL in the inventory, the network and the proxy (https_proxy)",
        ) from error
    return response


def _download(url: str, file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    try:
        for chunk in _get(url).iter_content(_CHUNK_BYTES):
            digest.update(chunk)
            file.write(chunk)
    except requests.RequestException as error:
        raise DeeprigError(f"the download broke off: {error}", place=url) from error
    return digest.hexdigest()


def _sha256_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
