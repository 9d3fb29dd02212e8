"""Explicit lock files: one package URL a line, with a checksum, installed without a solve."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .errors import CondaError

MARKER = "@EXPLICIT"
# As conda: 32 hexadecimal digits are an MD5, 64 a SHA-256, which may say so.
LINE = re.compile(
    r"^(?P<url>(?:\w+://|/)\S+/(?P<file>[^/\s#]+\.(?:conda|tar\.bz2)))"
    r"(?:#(?:(?P<md5>[0-9a-f]{32})|(?:sha256:)?(?P<sha256>[0-9a-f]{64})))?$"
)


@dataclass(frozen=True, slots=True)
class Pinned:
    """One package of a lock; a checksum that is None was not given."""

    url: str
    md5: str | None = None
    sha256: str | None = None

    @property
    def file_name(self) -> str:
        return self.url.rsplit("/", 1)[1]

    @property
    def subdir(self) -> str:
        return self.url.rsplit("/", 2)[1]

    @property
    def channel(self) -> str:
        return self.url.rsplit("/", 2)[0]


def parse(text: str, origin: str) -> tuple[Pinned, ...]:
    """Return the packages that an explicit file lists.

    Raises:
        CondaError: a line is no package URL, or the marker is missing.
    """
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    if MARKER not in lines:
        raise CondaError("CondaValueError", f"{origin} holds no {MARKER} line")
    return tuple(_pinned(line, origin) for line in lines if line != MARKER)


def is_explicit(text: str) -> bool:
    """Return whether a file given with `--file` is an explicit one, not a list of specs."""
    return any(line.strip() == MARKER for line in text.splitlines())


def _pinned(line: str, origin: str) -> Pinned:
    match = LINE.match(line)
    if match is None:
        raise CondaError("ParseError", f"Could not parse explicit URL: {line} ({origin})")
    url = match["url"] if "://" in match["url"] else Path(match["url"]).as_uri()
    return Pinned(url, match["md5"], match["sha256"])


def verify(content: bytes, pinned: Pinned) -> None:
    """Raise conda's ChecksumMismatchError unless the content is what the lock names."""
    for algorithm, wanted in (("sha256", pinned.sha256), ("md5", pinned.md5)):
        if wanted is None:
            continue
        # MD5 is what conda's locks carry; here it detects damage, it does not authenticate.
        found = hashlib.new(algorithm, content, usedforsecurity=False).hexdigest()
        if found != wanted:
            raise CondaError(
                "ChecksumMismatchError",
                f"Conda detected a mismatch between the expected content and downloaded content\n"
                f"for url '{pinned.url}'.\n"
                f"  expected {algorithm}: {wanted}\n  actual {algorithm}: {found}\n",
            )


def checksums(content: bytes) -> tuple[str, str]:
    """Return the MD5 and the SHA-256 of a package file, in hexadecimal."""
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return md5, hashlib.sha256(content).hexdigest()


def render(packages: Iterable[Pinned]) -> str:
    """Return an explicit file's text with the checksums that the packages carry."""
    lines = [
        "# This file may be used to create an environment using:",
        "# $ conda create --name <env> --file <this file>",
        "# platform: linux-64",
        MARKER,
    ]
    for package in packages:
        digest = f"sha256:{package.sha256}" if package.sha256 else package.md5
        lines.append(f"{package.url}#{digest}" if digest else package.url)
    return "\n".join(lines) + "\n"
