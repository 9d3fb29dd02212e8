"""Backups are proven: by what each repository itself answers, by checks, by restores."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

import pytest

from deeprig.verify.checks import Checks
from roles.backup.checks.declaring import declared_backup
from roles.backup.places import PROGRAM

_NEWEST = " ".join((*PROGRAM, "newest", "--json"))
_STATUS = "/var/lib/deeprig/backup/%s.json"
#: A snapshot further in the future was made by a clock that is wrong, or by somebody else.
_CLOCK_SLACK_SECONDS = 300
_HOUR_SECONDS, _DAY_SECONDS = 3600, 86_400
#: A check or drill may take its time and be tried again before it counts as missing.
_PERIODS = 2


def test_each_repository_has_a_young_snapshot(
    host: Any, declared: Any, request: pytest.FixtureRequest, check: Checks
) -> None:
    """Each repository itself is asked for its newest snapshot of this machine."""
    wanted = declared_backup(declared, request)
    now, answer, problem = _asked(host)
    for name, repository in wanted.repositories.items():
        told = answer.get(name) or {}
        at = told.get("time")
        what = f"{name}: the newest snapshot is young enough"
        if not isinstance(at, int | float):
            check(what, False, told.get("reason") or problem or "it was not asked")
            continue
        hours = (now - at) / _HOUR_SECONDS
        is_young = -_CLOCK_SLACK_SECONDS <= now - at <= repository.maximum_age_hours * _HOUR_SECONDS
        seen = f"{str(told.get('id'))[:8]} of {_date(at)}, {hours:.1f} h old; declared: at most "
        check(what, is_young, f"{seen}{repository.maximum_age_hours:g} h")
        is_whole = told.get("is_complete") is True
        lacks = "it holds every source" if is_whole else "a source could not be read"
        check(f"{name}: the newest snapshot is complete", is_whole, lacks)


def test_backups_are_checked_and_tried(
    host: Any, declared: Any, request: pytest.FixtureRequest, check: Checks
) -> None:
    """The last check and the last drill were good, and are as young as declared."""
    wanted = declared_backup(declared, request)
    now = float(host.run("date +%s").stdout)
    for name, repository in wanted.repositories.items():
        jobs = _jobs(host, name)
        periods = {"check": repository.check_period_days, "drill": repository.drill_period_days}
        for job, days in periods.items():
            if days:
                is_good, seen = _verdict(jobs, job, now, _PERIODS * days * _DAY_SECONDS)
                check(f"{name}: the last {job} is good", is_good, seen)


def _asked(host: Any) -> tuple[float, dict[str, Any], str]:
    """Return the host's time, what each repository answered, and why there is no answer."""
    now = float(host.run("date +%s").stdout)
    done = host.run(_NEWEST)
    try:
        answer = json.loads(done.stdout)["repositories"]
    except (ValueError, KeyError, TypeError):
        return now, {}, (done.stderr or done.stdout).strip() or "the program said nothing"
    return now, answer if isinstance(answer, dict) else {}, ""


def _jobs(host: Any, name: str) -> dict[str, Any] | None:
    """Return what the host knows of a repository's jobs; None where that cannot be read."""
    file = host.file(_STATUS % name)
    if not file.exists:
        return {}
    try:
        jobs = json.loads(file.content_string)["jobs"]
    except (ValueError, KeyError, TypeError):
        return None
    return jobs if isinstance(jobs, dict) else None


def _verdict(
    jobs: dict[str, Any] | None, name: str, now: float, longest_seconds: float
) -> tuple[bool | None, str]:
    if jobs is None:
        return None, "what the host knows of it cannot be read"
    job = jobs.get(name) or {}
    at = job.get("success_time")
    if job.get("outcome") == "running":
        job = job.get("last") or {}
    if job.get("outcome") == "failed":
        return False, "; ".join(map(str, job.get("reasons") or ["it failed"]))
    if not isinstance(at, int | float):
        return None, "none was done yet: the first follows the first backup by itself"
    return 0 <= now - at + _CLOCK_SLACK_SECONDS <= longest_seconds, f"the last one: {_date(at)}"


def _date(at: float) -> str:
    return datetime.fromtimestamp(at, timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
