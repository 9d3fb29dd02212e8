"""Keep reports in the lab directory, and find them again."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deeprig.errors import DeeprigError, UsageProblem
from deeprig.report.free_name import write_under_free_name

# The audit's rules are not for every apply, and a recheck needs no report's classes to store one.
if TYPE_CHECKING:
    from deeprig.audit.inspection import InspectReport
    from deeprig.fleet.model import FleetReport
    from deeprig.report.model import RunReport, VerifyReport

    Report = RunReport | VerifyReport | InspectReport | FleetReport

#: Reports that a lab keeps; older ones are removed.
KEPT_COUNT = 50
_DIRECTORY = "reports"
_REMEDY = "name a file from the lab's reports directory"
#: Our own names. Any other file in the directory is somebody's, and never touched.
_COMMANDS = "plan|apply|update|verify|inspect|diff-fleet"
_NAME = re.compile(rf"(\d{{8}}T\d{{6}}Z)-({_COMMANDS})(?:-(\d+))?\.json")
_CERTIFICATE = re.compile(r"(\d{8}T\d{6}Z)-(certificate)(?:-(\d+))?\.json")


def save(report: Report, lab_directory: Path) -> Path:
    """Write the report as ``reports/<time>-<command>.json`` and return the path.

    Only the owner may read it: it holds what hosts printed. The newest 50 reports are kept. Raise
    DeeprigError when it cannot be written; then nothing of it is left behind.
    """
    return save_document(report.to_json(), lab_directory)


def save_document(document: dict[str, Any], lab_directory: Path) -> Path:
    """Write a report's JSON as ``save`` does."""
    text = json.dumps(document, indent=1) + "\n"
    stem = f"{_stamp(document['started'])}-{document['command']}"
    return _save(text, lab_directory, stem, _NAME)


def save_certificate(text: str, started: str, lab_directory: Path) -> Path:
    """Write a certificate's JSON as ``reports/<time>-certificate.json`` and return the path.

    ``started`` is when its verification started: the certificate lies beside its report. One that
    is stored already, letter by letter, is not stored again. The newest 50 are kept. Raise
    DeeprigError as ``save`` does.
    """
    stem = f"{_stamp(started)}-certificate"
    try:
        for path in _ours(lab_directory, _CERTIFICATE):
            if path.name.startswith(stem) and path.read_bytes() == text.encode():
                return path
    except OSError as error:
        raise _not_stored(error, lab_directory / _DIRECTORY) from error
    return _save(text, lab_directory, stem, _CERTIFICATE)


def _save(text: str, lab_directory: Path, stem: str, pattern: re.Pattern[str]) -> Path:
    directory = lab_directory / _DIRECTORY
    try:
        directory.mkdir(parents=True, exist_ok=True)
        path = write_under_free_name(text, directory, stem)
        for old in _ours(lab_directory, pattern)[KEPT_COUNT:]:
            old.unlink(missing_ok=True)  # another run may have removed it meanwhile
    except OSError as error:
        raise _not_stored(error, directory) from error
    return path


def _stamp(started: str) -> str:
    return re.sub("[-:]", "", started)


def _not_stored(error: OSError, directory: Path) -> DeeprigError:
    return DeeprigError(
        f"the report cannot be stored: {error.strerror}",
        place=str(error.filename or directory),
        remedy="make room, and the directory writable; --json prints the whole report as well",
    )


def newest(lab_directory: Path, command: str | None = None) -> Path:
    """Return the newest report (of a command). Raise UsageProblem when there is none."""
    for path in stored(lab_directory, command):
        return path
    raise UsageProblem(
        f"there is no {command} report" if command else "there is no report",
        place=str(lab_directory / _DIRECTORY),
        remedy=f"run 'deeprig {command or 'verify'}' first, or name a file",
    )


def stored(lab_directory: Path, command: str | None = None) -> tuple[Path, ...]:
    """Return all stored reports (of a command), the newest first. Raise UsageProblem."""
    try:
        found = _ours(lab_directory, _NAME)
    except OSError as error:
        place = str(lab_directory / _DIRECTORY)
        raise UsageProblem(f"it cannot be read: {error.strerror}", place=place) from error
    matches = ((_NAME.fullmatch(path.name), path) for path in found)
    return tuple(path for match, path in matches if match and command in (None, match[2]))


def load(path: Path) -> Report:
    """Return the report of a file. Raise UsageProblem when it is none of ours."""
    data = read_json(path)
    try:
        return from_json(data)
    except ValueError as error:
        reason = f"it is not a report of this deeprig: {error}"
        raise UsageProblem(reason, place=str(path), remedy=_REMEDY) from error


def read_json(path: Path) -> Any:
    """Return what a file of ours holds. Raise UsageProblem when it is no JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        reason = f"it cannot be read: {error.strerror}"
        raise UsageProblem(reason, place=str(path), remedy=_REMEDY) from error
    except (ValueError, RecursionError) as error:  # RecursionError: nested too deep for any report
        reason = f"it is not JSON: {error}"
        raise UsageProblem(reason, place=str(path), remedy=_REMEDY) from error


def from_json(data: Any) -> Report:
    """Return the report of a JSON document. Raise ValueError when it does not fit its schema."""
    if not isinstance(data, dict):
        raise ValueError(f"it must be an object, not {type(data).__name__}")  # noqa: TRY004
    from deeprig.report.model import RunReport, VerifyReport  # see above

    schema = data.get("schema")
    if schema == "deeprig.verify/1":
        return VerifyReport.from_json(data)
    if schema == "deeprig.inspect/1":
        from deeprig.audit.inspection import InspectReport  # see above

        return InspectReport.from_json(data)
    if schema == "deeprig.diff-fleet/1":
        from deeprig.fleet.model import FleetReport  # see above

        return FleetReport.from_json(data)
    return RunReport.from_json(data)


def _ours(lab_directory: Path, pattern: re.Pattern[str]) -> list[Path]:
    """Return what is stored, newest first, by when its run started, then by when it ended."""
    found = []
    for path in (lab_directory / _DIRECTORY).glob("*.json"):
        match = pattern.fullmatch(path.name)
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
