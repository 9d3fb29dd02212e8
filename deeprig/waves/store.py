"""The rollouts of a lab: made, found, read, written, asked to pause or end, and at last removed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from deeprig.errors import DeeprigError, UsageProblem
from deeprig.inventory.sources.gathered import ReadHost
from deeprig.waves.declared import keep_copy, keep_snapshot
from deeprig.waves.model import GOOD, OPEN, Rollout
from deeprig.waves.place import held, rollouts_directory, write_whole

Request = Literal["pause", "abort"]
#: Rollouts that a lab keeps, beside those that are open or that a host may be put back to.
KEPT_COUNT = 20
_STATE, _REQUEST, _LOCK, _COPY = "state.json", "request.json", "lock", "lab"
_SNAPSHOT = "inventory.json"


class RolloutStore:
    """One lab's rollouts. Nothing is cached: every answer is what the files say now."""

    def __init__(self, lab_directory: Path) -> None:
        self.lab_directory = lab_directory
        self.directory = rollouts_directory(lab_directory)

    def create(self, rollout: Rollout, gathered: tuple[ReadHost, ...] = ()) -> Rollout:
        """Note a new rollout under a name of its own, with a copy of what the lab declares.

        ``gathered`` is what a source said that is no file of pyinfra's form: it is kept too.
        Raise UsageProblem where an open rollout has one of its hosts.
        """
        with held(self.directory / _LOCK, "another rollout is being made", "try again"):
            self._refuse_shared_hosts(rollout)
            self._forget_old()
            rollout = replace(rollout, id=self._free_name(rollout.id))
            place = self.directory / rollout.id
            place.mkdir(mode=0o700)
            keep_copy(self.lab_directory, place / _COPY)
            if gathered:
                keep_snapshot(place / _SNAPSHOT, gathered, (place / _COPY).resolve())
            self.save(rollout)
        return rollout

    def save(self, rollout: Rollout) -> None:
        """Write the state. Raise DeeprigError when it cannot be written; the old one stays."""
        write_whole(self.directory / rollout.id / _STATE, rollout.to_json())

    def load(self, name: str) -> Rollout:
        """Return a rollout. Raise UsageProblem when there is none, or none that can be read."""
        path = self.directory / name / _STATE
        try:
            return Rollout.from_json(json.loads(path.read_text(encoding="utf-8")))
        except OSError as error:
            known = ", ".join(r.id for r in self.all()[:5])
            raise UsageProblem(
                f"there is no rollout {name!r}",
                place=str(self.directory),
                remedy=f"its newest: {known}" if known else "none was ever made with --waves",
            ) from error
        except ValueError as error:
            raise UsageProblem(f"it cannot be read: {error}", place=str(path)) from error

    def all(self) -> tuple[Rollout, ...]:
        """Return all rollouts, the newest first. Raise UsageProblem for one that is damaged."""
        states = sorted(self.directory.glob(f"*/{_STATE}"), reverse=True)
        return tuple(self.load(path.parent.name) for path in states)

    def newest(self) -> Rollout:
        """Return the newest rollout. Raise UsageProblem where there is none."""
        for rollout in self.all()[:1]:
            return rollout
        raise UsageProblem(
            "there is no rollout",
            place=str(self.lab_directory),
            remedy="'deeprig apply --waves' makes one",
        )

    def chosen(self, name: str | None, states: tuple[str, ...], what: str) -> Rollout:
        """Return the named rollout, or the only one in one of these states. Raise UsageProblem."""
        if name is not None:
            return self.load(name)
        found = [rollout for rollout in self.all() if rollout.status in states]
        # One that only waits for hosts that were down is superseded by any that is under way.
        found = [rollout for rollout in found if rollout.status in OPEN] or found[:1]
        if len(found) == 1:
            return found[0]
        names = ", ".join(rollout.id for rollout in found)
        raise UsageProblem(
            f"there are several rollouts to {what}" if found else f"there is no rollout to {what}",
            place=str(self.lab_directory),
            remedy=f"name one: {names}" if found else "'deeprig status' shows the newest",
        )

    def leading(self, rollout: Rollout) -> AbstractContextManager[None]:
        """Hold a rollout as its only controller while a block runs. Raise UsageProblem."""
        return held(
            self.directory / rollout.id / _LOCK,
            f"another process leads the rollout {rollout.id}",
            "'deeprig status' tells how far it is; 'deeprig pause' and 'deeprig abort' reach it",
        )

    def ask(self, rollout: Rollout, request: Request) -> None:
        """Ask the controller of a rollout, whichever process that is."""
        write_whole(self.directory / rollout.id / _REQUEST, {"request": request})

    def asked(self, rollout: Rollout) -> Request | None:
        """Return what was asked of a rollout's controller."""
        path = self.directory / rollout.id / _REQUEST
        try:
            request = json.loads(path.read_text(encoding="utf-8"))["request"]
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise DeeprigError("it cannot be read; remove it", place=str(path)) from error
        return "abort" if request == "abort" else "pause"

    def withdraw(self, rollout: Rollout) -> None:
        """Forget what was asked."""
        (self.directory / rollout.id / _REQUEST).unlink(missing_ok=True)

    def keep_report(self, rollout: Rollout, name: str, document: Mapping[str, Any]) -> str:
        """Keep a report of a wave beside the state and return its file's name.

        A step that is done again, after a crash, has a name of its own.
        """
        place = self.directory / rollout.id
        number, file = 1, f"{name}.json"
        while (place / file).exists():
            number += 1
            file = f"{name}-{number}.json"
        write_whole(place / file, document)
        return file

    def report(self, rollout: Rollout, file: str) -> Any:
        """Return a report of a wave."""
        return json.loads((self.directory / rollout.id / file).read_text(encoding="utf-8"))

    def reports_named(self, rollout: Rollout, stem: str) -> tuple[str, ...]:
        """Return the files of the reports whose names begin so, sorted."""
        files = (self.directory / rollout.id).glob(f"{stem}*.json")
        return tuple(sorted(path.name for path in files))

    def copy_of(self, rollout: Rollout) -> Path:
        """Return the copy of what the lab declared when the rollout was made."""
        return self.directory / rollout.id / _COPY

    def snapshot_of(self, rollout: Rollout) -> Path | None:
        """Return what its inventory's source said when the rollout was made, if it was a source."""
        path = self.directory / rollout.id / _SNAPSHOT
        return path if path.is_file() else None

    def good_before(self, rollout: Rollout, hosts: tuple[str, ...]) -> dict[str, Rollout]:
        """Return for each host the newest earlier rollout in which it was good, if there is one.

        One that was narrowed to some roles says nothing of the others.
        """
        asked = rollout.asked
        found: dict[str, Rollout] = {}
        for earlier in self.all():
            if earlier.id >= rollout.id or not self.copy_of(earlier).is_dir():
                continue
            is_whole = not (earlier.asked.roles or earlier.asked.skipped)
            same = (earlier.asked.roles, earlier.asked.skipped) == (asked.roles, asked.skipped)
            if is_whole or same:
                good = frozenset(earlier.in_state(*GOOD))
                found |= {host: earlier for host in hosts if host in good and host not in found}
        return found

    def _refuse_shared_hosts(self, rollout: Rollout) -> None:
        names = {record.host for record in rollout.hosts}
        for other in self.all():
            shared = [record.host for record in other.hosts if record.host in names]
            if other.status in OPEN and shared:
                raise UsageProblem(
                    f"the rollout {other.id} has not ended, and has {len(shared)} of these hosts "
                    f"({shared[0]}{', ...' if len(shared) > 1 else ''})",
                    place=str(self.lab_directory),
                    remedy="'deeprig status' shows it, 'deeprig resume' goes on with it, "
                    "'deeprig abort' ends it",
                )

    def _free_name(self, stem: str) -> str:
        number, name = 1, stem
        while (self.directory / name).exists():
            number += 1
            name = f"{stem}-{number}"
        return name

    def _forget_old(self) -> None:
        """Remove rollouts that nothing needs any more."""
        for old in tuple(self._unneeded()):
            shutil.rmtree(self.directory / old.id)
        for place in self.directory.iterdir():  # one whose maker was killed before it was noted
            if place.is_dir() and not (place / _STATE).is_file():
                shutil.rmtree(place)

    def _unneeded(self) -> Iterator[Rollout]:
        proven: set[str] = set()
        for position, rollout in enumerate(self.all()):
            good = set(rollout.in_state(*GOOD))
            is_target = bool(good - proven)
            if not (rollout.asked.roles or rollout.asked.skipped):
                proven |= good
            if position >= KEPT_COUNT and rollout.status not in OPEN and not is_target:
                yield rollout
