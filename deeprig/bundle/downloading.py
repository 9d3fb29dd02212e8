"""Fetch a file whose checksum is known: what an earlier attempt has of it is kept."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from deeprig.bundle.model import without_login
from deeprig.bundle.room import check_room
from deeprig.errors import DeeprigError

_TIMEOUT_SECONDS = (10, 60)
_CHUNK_BYTES = 1 << 18
_PARTIAL, _NOTHING_LEFT = 206, 416
#: Proxies and mirrors answer in their own encodings; a checksum is of the file itself.
_HEADERS = {"Accept-Encoding": "identity"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file to be fetched. ``algorithm`` is one of hashlib's; apt and conda have md5 at worst."""

    url: str
    digest: str
    algorithm: str = "sha256"


class NotThere(DeeprigError):
    """The server has no such file."""


class WrongFile(DeeprigError):
    """What came is not what was wanted."""


def download(wanted: Wanted, part: Path, tell: Callable[[int], None] = lambda size: None) -> None:
    """Have the file whole at ``part``, which may hold its beginning. Raise DeeprigError.

    ``tell`` takes the bytes that came. What is not the file wanted is thrown away.
    """
    have = part.stat().st_size if part.exists() else 0
    with _answer(wanted.url, have) as answer:
        if have and answer.status_code != _PARTIAL:
            have = 0
        length = answer.headers.get("Content-Length", "0")
        check_room(part.parent, int(length) if length.isdigit() else 0)
        if answer.status_code != _NOTHING_LEFT:
            _write(answer, part, append=bool(have), tell=tell)
    found = digest_of(part, wanted.algorithm)
    if found != wanted.digest:
        part.unlink()
        raise WrongFile(
            f"its {wanted.algorithm.upper()} is {found}, not {wanted.digest}; it was thrown away",
            place=without_login(wanted.url),
            remedy="compare with the source; a proxy or mirror may have changed the file",
        )


def read_url(url: str, accept: str = "*/*") -> bytes:
    """Return a small document. Raise NotThere or DeeprigError."""
    with _answer(url, 0, accept) as answer:
        return answer.content


def digest_of(path: Path, algorithm: str = "sha256") -> str:
    """Return a file's checksum."""
    digest = hashlib.new(algorithm, usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _write(
    answer: requests.Response, part: Path, *, append: bool, tell: Callable[[int], None]
) -> None:
    with part.open("ab" if append else "wb") as file:
        for chunk in answer.iter_content(_CHUNK_BYTES):
            file.write(chunk)
            tell(len(chunk))


@contextmanager
def _answer(url: str, have_bytes: int, accept: str = "*/*") -> Iterator[requests.Response]:
    headers = _HEADERS | {"Accept": accept}
    if have_bytes:
        headers["Range"] = f"bytes={have_bytes}-"
    try:
        with requests.get(url, headers=headers, stream=True, timeout=_TIMEOUT_SECONDS) as answer:
            if answer.status_code in (404, 410):
                raise NotThere("the server has no such file", place=without_login(url))
            if answer.status_code != _NOTHING_LEFT:
                answer.raise_for_status()
            yield answer
    except requests.RequestException as error:
        raise DeeprigError(
            f"it cannot be fetched: {error}",
            place=without_login(url),
            remedy="check the network and the proxy of this machine; run again: what came is kept",
        ) from error
