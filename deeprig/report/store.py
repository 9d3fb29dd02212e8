"""Keep reports in the lab directory, and find them again."""

from __future__ import annotations

import json
import os
import re
import tempfile
from itertools import count
from pathlib import Path
from typing import Any

from deeprig.audit.inspection import InspectReport
from deeprig.errors import DeeprigError, UsageProblem
from deeprig.report.model import RunReport, VerifyReport

Report = RunReport | VerifyReport | InspectReport
#: Reports that a lab keeps; older ones are removed.
KEPT_COUNT = 50
_DIRECTORY = "reports"
#: Our own names. Any other file in the directory is somebody's, and never touched.
_NAME = re.compile(r"(\d{8}T\d{6}Z)-(plan|apply|update|verify|inspect)(?:-(\d+))?\.json")


def save(report: Report, lab_directory: Path) -> Path:
    """Write the report as ``reports/<time>-<command>.json`` and return the path.

    Only the owner may read it: it holds what hosts printed. The newest 50 reports are kept. Raise
    DeeprigError when it cannot be written; then nothing of it is left behind.
    """
    directory = lab_directory / _DIRECTORY
    text = json.dumps(report.to_json(), indent=1) + "\n"
    stem = re.sub("[-:]", "", report.started)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        path = _write(text, directory, f"{stem}-{report.command}")
        for old in _ours(lab_directory)[KEPT_COUNT:]:
            old.unlink(missing_ok=True)  # another run may have removed it meanwhile
    except OSError as error:
        raise DeeprigError(
            f"the report cannot be stored: {error.strerror}",
            place=str(error.filename or directory),
            remedy="make room, and the directory writable; --json prints the whole report as well",
        ) from error
    return path


def newest(lab_directory: Path, command: str | None = None) -> Path:
    """Return the newest report (of a command). Raise UsageProblem when there is none."""
    directory = lab_directory / _DIRECTORY
    try:
        found = _ours(lab_directory)
    except OSError as error:
        raise UsageProblem(f"it cannot be read: {error.strerror}", place=str(directory)) from error
    for path in found:
        match = _NAME.fullmatch(path.name)
        if match and command in (None, match[2]):
            return path
    raise UsageProblem(
        f"there is no {command} report" if command else "there is no report",
        place=str(directory),
        remedy=f"run 'deeprig {command or 'verify'}' first, or name a file",
    )


def load(path: Path) -> Report:
    """Return the report of a file. Raise UsageProblem when it is none of ours."""
    remedy = "name a file from the lab's reports directory"
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        reason = f"it cannot be read: {error.strerror}"
        raise UsageProblem(reason, place=str(path), remedy=remedy) from error
    except (ValueError, RecursionError) as error:  # RecursionError: nested too deep for any report
        reason = f"it is not JSON: {error}"
        raise UsageProblem(reason, place=str(path), remedy=remedy) from error
    try:
        return from_json(data)
    except ValueError as error:
        reason = f"it is not a report of this deeprig: {error}"
        raise UsageProblem(reason, place=str(path), remedy=remedy) from error


def from_json(data: Any) -> Report:
    """Return the report of a JSON document. Raise ValueError when it does not fit its schema."""
    if not isinstance(data, dict):
        raise ValueError(f"it must be an object, not {type(data).__name__}")  # noqa: TRY004
    schema = data.get("schema")
    if schema == "deeprig.verify/1":
        return VerifyReport.from_json(data)
    return (InspectReport if schema == "deeprig.inspect/1" else RunReport).from_json(data)


def _write(text: str, directory: Path, stem: str) -> Path:
    """Write the whole file aside, then give it the first free name in one step."""
    # mkstemp makes the file 0600 from the start.
    handle, name = tempfile.mkstemp(dir=directory, prefix=".", suffix=".part")
    part = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        path = _claim(directory, stem)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path


def _claim(directory: Path, stem: str) -> Path:
    """Create an empty file under a name that nobody has: two runs can end in the same second."""
    for number in count(1):
        path = directory / (f"{stem}.json" if number == 1 else f"{stem}-{number}.json")
        try:
            path.touch(mode=0o600, exist_ok=False)
        except FileExistsError:
            continue
        return path
    raise AssertionError("count() has no end")


def _ours(lab_directory: Path) -> list[Path]:
    """Return the stored reports, newest first, by when their run started, then by when it ended."""
    found = []
    for path in (lab_directory / _DIRECTORY).glob("*.json"):
        match = _NAME.fullmatch(path.name)
        status = _status(path) if match else None
        # An empty file is a name that another run has claimed and is about to fill.
        if match and status and status.st_size:
            found.append((match[1], status.st_mtime_ns, int(match[3] or 1), path))
    return [path for *_, path in sorted(found, reverse=True)]


def _status(path: Path) -> os.stat_result | None:
    """Return None for a report that another run has just removed."""
    try:
        return path.stat()
    except FileNotFoundError:
        return None
