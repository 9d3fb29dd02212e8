"""Keep reports in the lab directory, newest first, and find them again."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from deeprig.errors import DeeprigError, UsageProblem
from deeprig.report.model import RunReport, VerifyReport

Report = RunReport | VerifyReport
_KEPT = 50
_DIRECTORY = "reports"


def save(report: Report, lab_directory: Path) -> Path:
    """Write the report as ``reports/<time>-<command>.json`` and return the path.

    Only the owner may read it; the newest 50 are kept. Raise DeeprigError when it cannot be
    written.
    """
    directory = lab_directory / _DIRECTORY
    stem = report.started.replace("-", "").replace(":", "")
    try:
        directory.mkdir(parents=True, exist_ok=True)
        # mkstemp makes the file 0600: a report holds what hosts printed.
        handle, part = tempfile.mkstemp(dir=directory, suffix=".part")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(report.to_json(), file, indent=1)
        path = _free_name(directory, f"{stem}-{_command(report)}")
        Path(part).rename(path)
    except OSError as error:
        raise DeeprigError(
            f"the report cannot be written: {error.strerror}", place=str(directory)
        ) from error
    for old in _all(lab_directory)[_KEPT:]:
        old.unlink()
    return path


def newest(lab_directory: Path, command: str | None = None) -> Path:
    """Return the newest report. Raise UsageProblem when there is none."""
    for path in _all(lab_directory):
        if command is None or path.stem.partition("-")[2].startswith(command):
            return path
    what = f"no {command} report" if command else "no report"
    raise UsageProblem(
        f"there is {what}",
        place=str(lab_directory / _DIRECTORY),
        remedy=f"run 'deeprig {command or 'verify'}' first, or name a file",
    )


def load(path: Path) -> Report:
    """Return the report of a file. Raise UsageProblem when it is none of ours."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageProblem(f"it cannot be read: {error.strerror}", place=str(path)) from error
    except ValueError as error:
        raise UsageProblem(f"it is no JSON: {error}", place=str(path)) from error
    try:
        return from_json(data)
    except ValueError as error:
        remedy = "name a file from the lab's reports directory"
        raise UsageProblem(f"it is no report: {error}", place=str(path), remedy=remedy) from error


def from_json(data: Any) -> Report:
    """Return the report of a JSON document. Raise ValueError when its schema is unknown."""
    schema = data.get("schema") if isinstance(data, dict) else None
    if schema in ("deeprig.plan/1", "deeprig.apply/1"):
        return RunReport.from_json(data)
    if schema == "deeprig.verify/1":
        return VerifyReport.from_json(data)
    raise ValueError(f"unknown schema {schema!r}")


def _command(report: Report) -> str:
    return report.command if isinstance(report, RunReport) else "verify"


def _free_name(directory: Path, stem: str) -> Path:
    path, number = directory / f"{stem}.json", 1
    while path.exists():
        number += 1
        path = directory / f"{stem}-{number}.json"
    return path


def _all(lab_directory: Path) -> list[Path]:
    found = (lab_directory / _DIRECTORY).glob("*.json")
    return sorted(found, key=lambda path: path.stat().st_mtime_ns, reverse=True)
