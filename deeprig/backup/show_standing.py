"""Show how backups stand: a line per host and repository, what is wrong, what runs now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.text import Text

from deeprig.backup.answer import HostAnswer
from deeprig.backup.document import is_true, mapping_of, number_of, rows_of, text_of
from deeprig.backup.far import far_of, size_text
from deeprig.backup.moments import ago, until
from deeprig.backup.show_table import show_table
from deeprig.report.screen import Column, Screen

_COLUMNS = (
    Column("HOST"),
    Column("REPOSITORY"),
    Column("BACKUP"),
    Column("SNAPSHOT"),
    Column("CHECK"),
    Column("DRILL"),
    Column("NEXT"),
    Column("SIZE", is_number=True),
    Column("VERDICT"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """A repository of a host, for people."""

    host: str
    name: str
    backup: str
    snapshot: str
    check: str
    drill: str
    due: str
    size: str
    is_good: bool
    reason: str

    @property
    def cells(self) -> tuple[str, ...]:
        """Return what the table shows."""
        verdict = "good" if self.is_good else "not good"
        jobs = (self.backup, self.snapshot, self.check, self.drill)
        return (self.host, self.name, *jobs, self.due, self.size, verdict)


def show_standing(hosts: Sequence[HostAnswer], screen: Screen, now: float) -> None:
    """Print it."""
    rows = [row for host in hosts for row in rows_of_host(host, now)]
    if rows:
        cells = [_styled(row, screen) for row in rows]
        show_table(_COLUMNS, cells, screen, len(_COLUMNS) - 1)
    for row in rows:
        if row.reason:
            screen.line(screen.text(f"{row.host} {row.name}: ", "bold"), screen.text(row.reason))
    for host in hosts:
        for line in work_lines(host, now):
            screen.line(screen.text(f"{host.host}: ", "bold"), screen.text(line))


def rows_of_host(host: HostAnswer, now: float) -> Iterator[Row]:
    """Yield the repositories of a host."""
    works = bool(text_of(host.document, "busy"))
    for name, told in mapping_of(host.document, "repositories").items():
        yield _row(host.host, name, told if isinstance(told, dict) else {}, now, is_busy=works)


def work_lines(host: HostAnswer, now: float) -> Iterator[str]:
    """Yield what runs on a host now, and what has ended and was not good."""
    for work in rows_of(host.document, "works"):
        begun = ago(now, number_of(work, "begun_time"))
        unit = text_of(work, "unit")
        if is_true(work, "is_running"):
            far = far_of(work.get("progress"))
            yield f"runs, begun {begun}: {far.text if far else 'begins'} ({unit})"
        elif not is_true(work, "is_told"):
            code = number_of(work, "exit_code")
            how = "was killed" if code is None else f"ended with code {code:.0f}"
            yield f"{unit}, begun {begun}, {how}, and nobody followed: 'deeprig backup follow'"


def _row(host: str, name: str, told: Mapping[str, Any], now: float, *, is_busy: bool) -> Row:
    jobs = mapping_of(told, "jobs")
    backup, check, drill = (mapping_of(jobs, job) for job in ("backup", "check", "drill"))
    size = _newest_number(check, "repository_bytes")
    return Row(
        host,
        name,
        _job(backup, now, is_busy=is_busy),
        _newest_text(backup, "snapshot")[:8] or "none",
        _job(check, now, is_busy=is_busy),
        _job(drill, now, is_busy=is_busy),
        _next(mapping_of(mapping_of(told, "due"), "backup"), now),
        "?" if size is None else size_text(size),
        is_good=is_true(told, "ok"),
        reason=text_of(told, "reason") or ("" if told else "how it stands is not told"),
    )


def _job(job: Mapping[str, Any], now: float, *, is_busy: bool) -> str:
    """Return when a job was last good, and what became of it since."""
    good = ago(now, number_of(job, "success_time"))
    outcome = text_of(job, "outcome")
    if not job or outcome == "good":
        return good
    if outcome == "running":
        return f"{'running' if is_busy else 'cut off'}, good {good}"
    return f"failed, good {good}"


def _next(due: Mapping[str, Any], now: float) -> str:
    return "due" if is_true(due, "is_due") else until(now, number_of(due, "next_time"))


def _details(job: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the details of a job's last run; while one runs, of the one that ended before."""
    yield mapping_of(job, "details")
    yield mapping_of(mapping_of(job, "last"), "details")


def _newest_text(job: Mapping[str, Any], key: str) -> str:
    return next(filter(None, (text_of(one, key) for one in _details(job))), "")


def _newest_number(job: Mapping[str, Any], key: str) -> float | None:
    found = (number_of(one, key) for one in _details(job))
    return next((number for number in found if number is not None), None)


def _styled(row: Row, screen: Screen) -> tuple[Text, ...]:
    *cells, verdict = row.cells
    style = "green" if row.is_good else "bold red"
    return (*(screen.text(cell) for cell in cells), screen.text(verdict, style))
