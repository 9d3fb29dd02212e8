"""Reading the kernel's files below a root directory, and the ledger of what could not be told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

#: A PCI function: domain:bus:device.function. Domains may have more than four digits (VMD).
PCI_ADDRESS = re.compile(r"[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]")


@dataclass(frozen=True, slots=True)
class Unknown:
    """Why something is null. ``what`` is its path; it stands for everything below that path too."""

    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Tree:
    """The files of a machine: this one's, or a recorded one's below another root directory."""

    root: Path = Path("/")
    unknown: list[Unknown] = field(default_factory=list)

    @property
    def is_this_machine(self) -> bool:
        """Say whether the files are those of the machine that we run on."""
        return self.root == Path("/")

    def path(self, absolute: str) -> Path:
        """Return where an absolute path lies below the root."""
        return self.root / absolute.lstrip("/")

    def tell(self, what: str, why: str) -> None:
        """Note why something is null; once is enough."""
        entry = Unknown(what, why)
        if entry not in self.unknown:
            self.unknown.append(entry)

    def data(self, absolute: str, what: str | None = None) -> bytes | None:
        """Return a file's content, None where it cannot be read.

        With ``what``, the reason is noted. Without, that the file is not there says nothing.
        """
        try:
            return self.path(absolute).read_bytes()
        except OSError as error:
            # What an attribute fails with is its driver's choice: EINVAL, ENODATA, EIO, EAGAIN.
            if what is not None:
                self.tell(what, f"{absolute}: {error.strerror}")
            return None

    def text(self, absolute: str, what: str | None = None) -> str | None:
        """Return a file's stripped text, None where it is empty or cannot be read."""
        content = self.data(absolute, what)
        if content is None:
            return None
        text = content.decode("utf-8", errors="replace").strip("\0\n\t ")
        if not text and what is not None:
            self.tell(what, f"{absolute} is empty")
        return text or None

    def number(self, absolute: str, what: str | None = None) -> int | None:
        """Return a file's whole number (decimal, or 0x and hexadecimal), None where it has none."""
        text = self.text(absolute, what)
        if text is None:
            return None
        try:
            return int(text, 0)
        except ValueError:
            if what is not None:
                self.tell(what, f"{absolute} says {text[:40]!r}, which is no number")
            return None

    def entries(self, absolute: str, what: str | None = None) -> tuple[str, ...] | None:
        """Return a directory's entries in natural order (zone9 before zone10).

        None where it cannot be listed or is not there; with ``what``, the reason is noted.
        """
        try:
            found = [entry.name for entry in self.path(absolute).iterdir()]
        except OSError as error:
            if what is not None:
                self.tell(what, f"{absolute}: {error.strerror}")
            return None
        return tuple(sorted(found, key=natural))

    def names(self, absolute: str, what: str | None = None) -> tuple[str, ...]:
        """Return a directory's entries as ``entries`` does, none of one that cannot be listed."""
        return self.entries(absolute, what) or ()

    def is_there(self, absolute: str) -> bool:
        """Say whether a path is there (a link that leads nowhere is)."""
        path = self.path(absolute)
        return path.is_symlink() or path.exists()

    def link(self, absolute: str) -> str | None:
        """Return the last part of what a link names, None where there is no link."""
        try:
            return self.path(absolute).readlink().name
        except OSError:
            return None

    def real(self, absolute: str) -> tuple[str, ...]:
        """Return the parts of the path that links lead to, the root's own parts left out."""
        parts = self.path(absolute).resolve().parts
        root = self.root.resolve().parts
        return parts[len(root) :] if parts[: len(root)] == root else parts

    def pci_chain(self, absolute: str) -> tuple[str, ...]:
        """Return the PCI functions on the way to a device, from the root complex outwards."""
        return tuple(part for part in self.real(absolute) if PCI_ADDRESS.fullmatch(part))


def natural(name: str) -> tuple[tuple[int, int | str], ...]:
    """Return a sort key by which numbers in names count as numbers."""
    return tuple(_natural_parts(name))


def _natural_parts(name: str) -> Iterator[tuple[int, int | str]]:
    for part in re.findall(r"\d+|\D+", name):
        yield (0, int(part)) if part.isdecimal() and part.isascii() else (1, part)
