"""Keep what a run asked and found, so that the next one can be a recheck."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deeprig import __version__
from deeprig.engine.host_lock import HostLock
from deeprig.engine.run_status import is_told
from deeprig.recheck import record as records
from deeprig.recheck.inputs import WATCH, marks_of, variables
from deeprig.recheck.noted import Noted
from deeprig.recheck.reach import ssh_words
from deeprig.recheck.record import Asked, HostRecord, Record
from deeprig.report.encode import encode
from deeprig.report.model import HostRun, RunReport
from deeprig.transport.connector import LineConnector
from deeprig.transport.frames import Answer, Question
from deeprig.transport.looks import look_of
from deeprig.transport.questions import question_of

if TYPE_CHECKING:
    from deeprig.engine.host_run import HostJob
    from deeprig.inventory.load import Lab

#: What these say holds for one run only: whose lock was taken over, that no line could be had.
_OF_ONE_RUN = frozenset({"lock", "transport"})


@dataclass(frozen=True, slots=True)
class _Taken:
    """One host at the end of its run, before the run leaves its status."""

    noted: Noted
    answers: Mapping[Question, str]
    sudo: bool
    ssh: tuple[str, ...] | None
    configuration: str
    leaves_status: bool
    is_open: bool


@dataclass(slots=True)
class Recorder:
    """Follows one run; ``before`` is the record of the hosts that it leaves out as the same."""

    place: Path
    before: Record | None = None
    key: bytes = field(default_factory=lambda: os.urandom(32))
    reasons: dict[str, str] = field(default_factory=dict)
    _taken: dict[str, _Taken] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make digests with the key of the record that is gone on with."""
        if self.before is not None:
            self.key = bytes.fromhex(self.before.key)

    def begin(self, job: HostJob) -> None:
        """Have a connected host's answers noted."""
        if isinstance(job.host.connector, LineConnector):
            job.host.connector.noted = Noted(self.key)

    def take(self, job: HostJob) -> None:
        """Take what was noted: what comes is no part of what the outcome depended on."""
        connector = job.host.connector
        if not isinstance(connector, LineConnector) or connector.noted is None:
            return
        noted, connector.noted = connector.noted, None
        data = job.host.data.dict()
        asked = "\0".join(question.text for question in noted.answers)
        is_open = any(secret in asked for secret in job.masker.secrets)
        fits = not noted.spoiled and job.is_going
        self._taken[job.host.name] = _Taken(
            noted,
            noted.with_prints(connector.ask_together) if fits else noted.answers,
            job.declared.needs_sudo,
            ssh_words(job.host.name, data),
            str(data.get("ssh_config_file") or Path.home() / ".ssh" / "config"),
            is_told(job),
            is_open,
        )

    def keep(self, lab: Lab, report: RunReport, order: tuple[str, ...]) -> None:
        """Write the record of all hosts that can be rechecked; where there is none, have none.

        ``reasons`` says then why others will be evaluated again.
        """
        WATCH.end()
        record = self._record(lab, report, order)
        try:
            if record is None:
                records.forget(self.place)
            else:
                records.save(self.place, record)
        except OSError as error:  # a cache that cannot be written costs time, nothing else
            self.reasons["all hosts"] = f"the record cannot be written: {error}"

    def _record(self, lab: Lab, report: RunReport, order: tuple[str, ...]) -> Record | None:
        lock = _lock_question()
        hosts = dict(self.before.hosts) if self.before is not None else {}
        numbers: dict[Asked, int] = {}
        if self.before is not None:
            numbers = {one: number for number, one in enumerate(self.before.questions)}
        configurations = set()
        for run in report.hosts:
            hosts.pop(run.host, None)
            taken = self._taken.get(run.host)
            reason = _unfit(run, taken)
            if taken is None or taken.ssh is None or reason:
                self.reasons[run.host] = reason
                continue
            configurations.add(taken.configuration)
            answers = self._answers(taken, numbers, lock)
            hosts[run.host] = HostRecord(
                ssh=taken.ssh,
                sudo=taken.sudo,
                answers=answers,
                run=_document(run),
                evaluated=report.finished,
                leaves_status=taken.leaves_status,
            )
        if not hosts:
            return None
        configurations |= {path for path in self._configurations_before() if path}
        marks = marks_of(WATCH, lab.directory, configurations)
        if isinstance(marks, str):
            self.reasons["all hosts"] = marks
            return None
        return Record(
            version=__version__,
            key=self.key.hex(),
            variables=records.digest(self.key, variables().encode()),
            directory=str(lab.directory),
            inventory=str(lab.path),
            order=order,
            marks=marks,
            notes=tuple((str(note), note.is_detail) for note in lab.notes),
            questions=tuple(numbers),
            hosts=hosts,
        )

    def _configurations_before(self) -> tuple[str, ...]:
        if self.before is None:
            return ()
        return tuple(words.ssh[2] for words in self.before.hosts.values() if words.ssh[2] != "none")

    def _answers(
        self, taken: _Taken, numbers: dict[Asked, int], lock: Mapping[bool, Question]
    ) -> dict[int, str]:
        """Return the digests by question; new questions get the next numbers."""
        free = Noted(self.key)
        free.note(lock[taken.sudo], Answer(0, b"", b""))
        answers: dict[int, str] = {}
        # The lock's first: the far end looks at it before and after the others.
        for question, made in {**free.answers, **taken.answers}.items():
            look = look_of(question.text) if question.shell == "sh" else ""
            asked = Asked(question.shell, question.text, look)
            answers[numbers.setdefault(asked, len(numbers))] = made
        return answers


def _unfit(run: HostRun, taken: _Taken | None) -> str:
    """Return why a host cannot be rechecked; "" where it can."""
    if run.status != "ok" or any(one.status != "unchanged" for one in run.operations):
        return "something changed, or was not known"
    if any(one.role in _OF_ONE_RUN for one in run.operations):
        return "something happened that is of this run alone"
    if taken is None:
        return "its connection keeps no answers"
    if taken.noted.spoiled:
        return taken.noted.spoiled
    if any(question.sudo is not taken.sudo for question in taken.noted.answers):
        return "it is asked both as root and not"
    if taken.ssh is None:
        return "OpenSSH cannot be told how it is reached"
    if taken.is_open:
        return "a question holds a secret"
    return ""


def _lock_question() -> dict[bool, Question]:
    command = HostLock().command()
    asked = {sudo: question_of(command, {"_sudo": sudo}) for sudo in (True, False)}
    return {sudo: question for sudo, question in asked.items() if question is not None}


def _document(run: HostRun) -> dict[str, Any]:
    """Return a run as the next recheck tells it: nothing was done, so nothing took time."""
    operations = tuple(replace(one, seconds=0.0) for one in run.operations)
    document: dict[str, Any] = encode(replace(run, operations=operations, round_trips=1))
    return document
