"""The order a host gets: one driver change, complete, to be carried out or undone as a whole.

The host's side is ``host/deeprig_host/driver`` (``change``, ``prove``, ``restore``, ``confirm``);
the document is ``deeprig.driver.change/1``.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

SCHEMA = "deeprig.driver.change/1"


@dataclass(frozen=True, slots=True)
class PackageVersion:
    """A package at an exact version, as apt is asked for it (``name=version``)."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class ManagedFile:
    """A file that belongs to the change and is put back with it. ``mode`` is octal text.

    ``content`` None means that the file must not be there.
    """

    path: str
    content: str | None
    mode: str = "644"


@dataclass(frozen=True, slots=True)
class DriverChange:
    """Everything the host needs to change its driver with nobody watching.

    ``install`` is the complete set asked of apt, ``remove`` what must go in the same transaction;
    ``hold`` is held afterwards (package names). ``family`` is a regular expression of the package
    names that may change; apt's simulation must touch nothing else, except to install.
    ``kernels`` (releases) must each have a module of ``version`` afterwards, signed when
    ``must_be_signed``. ``version`` "" means: no driver. Times are in seconds.
    """

    version: str
    install: tuple[PackageVersion, ...] = ()
    remove: tuple[str, ...] = ()
    hold: tuple[str, ...] = ()
    family: str = ""
    files: tuple[ManagedFile, ...] = ()
    kernels: tuple[str, ...] = ()
    must_be_signed: bool = False
    even_if_busy: bool = False
    drain_wait_seconds: int = 0
    lock_wait_seconds: int = 300
    services: tuple[str, ...] = field(default=())

    def document(self) -> dict[str, Any]:
        """Return the JSON document for the host."""
        return {"schema": SCHEMA} | asdict(self)
