"""The firmware's own tables, read as bytes: SMBIOS 3.7 (DMTF DSP0134), no dmidecode needed."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

_HEADER = struct.Struct("<BBH")
_END_OF_TABLE = 127


class BrokenTable(Exception):
    """The table does not hold together; the text says where."""


@dataclass(frozen=True, slots=True)
class Structure:
    """One structure: its formatted part with the header, and its strings."""

    kind: int
    handle: int
    formatted: bytes
    strings: tuple[str, ...]

    def number(self, offset: int, size: int) -> int | None:
        """Return a field, None where this version of the structure is too short to have it."""
        if offset + size > len(self.formatted):
            return None
        return int.from_bytes(self.formatted[offset : offset + size], "little")

    def text(self, offset: int) -> str | None:
        """Return a string field, None where it has no string. Raise BrokenTable on a bad number."""
        index = self.number(offset, 1)
        if not index:
            return None
        if index > len(self.strings):
            raise BrokenTable(
                f"structure {self.handle:#06x} names string {index}, has {len(self.strings)}"
            )
        return self.strings[index - 1].strip() or None


def structures(table: bytes) -> Iterator[Structure]:
    """Walk the table up to its end marker. Raise BrokenTable where it does not hold together."""
    at = 0
    while at < len(table):
        if at + _HEADER.size > len(table):
            raise BrokenTable(f"the table ends within a header, at byte {at}")
        kind, length, handle = _HEADER.unpack_from(table, at)
        if length < _HEADER.size:
            # Length 0 would be read again for ever.
            raise BrokenTable(f"structure at byte {at} has length {length}, less than its header")
        if at + length > len(table):
            raise BrokenTable(f"structure at byte {at} is cut off")
        strings, after = _strings(table, at + length)
        yield Structure(kind, handle, table[at : at + length], strings)
        if kind == _END_OF_TABLE:
            return
        at = after
    raise BrokenTable("the table has no end marker")


def _strings(table: bytes, at: int) -> tuple[tuple[str, ...], int]:
    """Return the strings behind a formatted part, and where the next structure begins."""
    end = table.find(b"\0\0", at)
    if end < 0:
        raise BrokenTable(f"the strings at byte {at} have no end")
    if end == at:
        return (), at + 2
    texts = table[at:end].split(b"\0")
    return tuple(text.decode("utf-8", errors="replace") for text in texts), end + 2
