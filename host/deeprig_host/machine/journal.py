"""A journal of one open change: written whole, to the disk, before each step that it announces.

A power cut leaves either the old journal or the new one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from deeprig_host.machine.commands import Machine
from deeprig_host.machine.durable import place_text, sync_directory
from deeprig_host.machine.refusal import Refused


class Entry(Protocol):
    """What a journal tells of a change: a dataclass of what JSON knows, and tuples."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def id(self) -> str:
        """Return what names it in the history; later ones sort after earlier ones."""

    @property
    def phase(self) -> str:
        """Return how far it is."""


EntryT = TypeVar("EntryT", bound=Entry)


@dataclass(frozen=True, slots=True)
class Journal(Generic[EntryT]):
    """The journal at ``path``, and beside it the history of closed changes.

    ``decode`` makes an entry of JSON's values; it raises ValueError, KeyError or TypeError on
    others. ``remedy`` says what to do with a spoilt one at ``{place}``.
    """

    name: str
    path: str
    decode: Callable[[Any], EntryT]
    remedy: str

    def read(self, machine: Machine) -> EntryT | None:
        """Return the open change, None where there is none. Raise Refused on a spoilt journal."""
        text = machine.text(self.path)
        return None if text is None else self._parse(text, self.path)

    def write(self, machine: Machine, entry: EntryT) -> None:
        """Put a change on the disk; when this returns, a power cut cannot lose it."""
        place_text(machine.path(self.path), json.dumps(asdict(entry), indent=1) + "\n")

    def close(self, machine: Machine, entry: EntryT) -> None:
        """Move the journal into the history."""
        path, history = machine.path(self.path), self._history(machine)
        history.mkdir(parents=True, exist_ok=True)
        path.rename(history / f"{entry.id}.json")
        sync_directory(history)
        sync_directory(path.parent)

    def discard(self, machine: Machine) -> None:
        """Forget a change that has changed nothing."""
        path = machine.path(self.path)
        path.unlink(missing_ok=True)
        sync_directory(path.parent)

    def closed(self, machine: Machine, identity: str | None = None) -> Iterator[EntryT]:
        """Yield the closed changes, newest first; with an id only the one that has it."""
        for file in sorted(self._history(machine).glob("*.json"), reverse=True):
            if identity in (None, file.stem):
                yield self._parse(file.read_text(encoding="utf-8"), str(file))

    def _history(self, machine: Machine) -> Path:
        return machine.path(self.path).with_name("history")

    def _parse(self, text: str, place: str) -> EntryT:
        try:
            return self.decode(json.loads(text))
        except (ValueError, KeyError, TypeError) as error:
            raise Refused(
                f"the {self.name} journal is unreadable",
                evidence=(f"{place}: {type(error).__name__}: {error}",),
                remedy=self.remedy.format(place=place),
                outcome="failed",
            ) from error


def check_phase(entry: Entry, phases: tuple[str, ...]) -> None:
    """Raise ValueError on a phase that is none of these."""
    if entry.phase not in phases:
        raise ValueError(f"phase {entry.phase!r} is unknown")
