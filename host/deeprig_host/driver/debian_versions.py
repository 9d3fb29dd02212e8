"""The order of Debian versions: deb-version(7), as dpkg and grub-mkconfig sort."""

from __future__ import annotations

import re
from functools import total_ordering

_PARTS = re.compile(r"(\D*)(\d*)")


@total_ordering
class DebianVersion:
    """A version that compares as dpkg compares it."""

    __slots__ = ("_key", "text")

    def __init__(self, text: str) -> None:
        """Parse ``[epoch:]upstream[-revision]``."""
        self.text = text
        epoch, colon, rest = text.partition(":")
        number, rest = (int(epoch), rest) if colon and epoch.isdigit() else (0, text)
        upstream, _, revision = rest.rpartition("-") if "-" in rest else (rest, "", "")
        self._key = (number, _key(upstream), _key(revision))

    def __eq__(self, other: object) -> bool:
        """Say whether dpkg calls both equal."""
        return isinstance(other, DebianVersion) and self._key == other._key

    def __lt__(self, other: DebianVersion) -> bool:
        """Say whether this one is older."""
        return self._key < other._key

    def __hash__(self) -> int:
        """Hash what is compared."""
        return hash(self._key)


def upstream_version(text: str) -> str:
    """Return the driver version inside a package version: ``580.126.20`` of ``1:580.126.20-1``."""
    return re.sub(r"^\d+:", "", text).split("-")[0]


def _key(text: str) -> tuple[tuple[tuple[int, ...], int], ...]:
    """Return alternating non-digit and digit parts; ``~`` sorts before the end of a part."""
    pairs = [(letters, digits) for letters, digits in _PARTS.findall(text) if letters or digits]
    pairs.append(("", ""))
    return tuple(((*map(_weight, letters), 0), int(digits or 0)) for letters, digits in pairs)


def _weight(character: str) -> int:
    if character == "~":
        return -1
    return ord(character) + (0 if character.isalpha() else 256)
