"""Take the parts of a machine's state one by one; what one of them lacks stops no other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from deeprig_host.backup.conda_places import conda_environments
from deeprig_host.backup.state_accounts import accounts_part
from deeprig_host.backup.state_conda import PREFIX, environment_part
from deeprig_host.backup.state_files import files_part
from deeprig_host.backup.state_machine import machine_part
from deeprig_host.backup.state_packages import packages_part
from deeprig_host.backup.state_part import Budget, Part, PartFailed, in_words
from deeprig_host.backup.state_store import INDEX, Index, Recorded, Store, digest
from deeprig_host.machine.commands import Machine

#: A source that changed this short ago may change again within the same tick of its clock.
_SETTLED_SECONDS = 2.0
_SEARCH, TIDY = "conda environments", "state"


class Taking:
    """A capture while it goes on."""

    def __init__(
        self, store: Store, earlier: Index, marks: dict[str, str], now: Callable[[], float]
    ) -> None:
        """Begin with no part taken."""
        self.store = store
        self.earlier = earlier
        self.earlier_marks = marks
        self.now = now
        self.parts: list[Recorded] = []
        self.changed: list[str] = []
        self.marks: dict[str, str] = {}

    def take_all(self, machine: Machine, prefixes: tuple[str, ...], budget: Budget) -> None:
        """Take every part of a machine."""
        for part in (
            machine_part(machine),
            accounts_part(machine),
            packages_part(machine),
            files_part(machine),
        ):
            self.take(part, budget)
        found = conda_environments(machine, prefixes)
        for path in found.paths:
            self.take(environment_part(machine, path, budget), budget)
        if found.problems:
            self.parts.append(Recorded(_SEARCH, {}, "; ".join(found.problems)))
            self.parts += self._environments_before({part.name for part in self.parts})

    def _environments_before(self, taken: set[str]) -> Iterator[Recorded]:
        """Yield what an earlier capture has beside: nobody can say that it is gone."""
        for part in self.earlier.parts:
            if part.name.startswith(PREFIX) and part.name not in taken:
                yield Recorded(part.name, part.files, "it may be where nobody could look")

    def take(self, part: Part, budget: Budget) -> None:
        """Have the files of a part; where that fails, keep those of the earlier capture."""
        made: dict[str, str] = {}
        before = self.earlier.part(part.name) or Recorded(part.name, {})
        try:
            budget.check()
            mark = _mark(part.sources, self.now())
            if not self._is_unchanged(before, mark):
                for file in part.make():
                    made[file.path] = digest(file.content)
                    self.changed += [file.path] if self.store.place(file) else []
            else:
                made = before.files
        except (PartFailed, OSError) as error:
            self.parts.append(self._failed(before, made, in_words(error)))
            return
        self.parts.append(Recorded(part.name, made))
        if mark is not None:
            self.marks[part.name] = mark

    def _is_unchanged(self, before: Recorded, mark: str | None) -> bool:
        is_same = mark is not None and self.earlier_marks.get(before.name) == mark
        return is_same and bool(before.files) and self.store.digests(before.files) == before.files

    def _failed(self, before: Recorded, made: dict[str, str], reason: str) -> Recorded:
        try:
            files = self.store.digests({*before.files, *made})
        except OSError:
            files = before.files  # the reason is told already; what they hold is found by reading
        return Recorded(before.name, files, reason)

    def finish(self, host: str) -> None:
        """Write the index, then remove what it does not name, then remember the sources."""
        try:
            self.changed += [INDEX] if self.store.place_index(self._index(host)) else []
            self.changed += self.store.sweep(path for part in self.parts for path in part.files)
            self.store.place_marks(self.marks)
        except OSError as error:
            self.parts.append(Recorded(TIDY, {}, in_words(error)))

    def _index(self, host: str) -> Index:
        return Index(host, tuple(self.parts))


def _mark(sources: tuple[Path, ...] | None, now: float) -> str | None:
    """Return what tells that sources changed; None where nothing could."""
    if sources is None:
        return None
    told = []
    for path in sources:
        try:
            found = path.lstat()
        except (FileNotFoundError, NotADirectoryError):
            told.append(f"{path} -")
            continue
        if found.st_mtime > now - _SETTLED_SECONDS:
            return None
        # A link that leads elsewhere is another link: it has another number and time.
        told.append(f"{path} {found.st_mtime_ns} {found.st_size} {found.st_ino}")
    return "; ".join(told)
