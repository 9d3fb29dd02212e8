"""Wheels on the host: found by their digest, checked file by file, unpacked.

Only what needs no build, no script and no second root is unpacked: a wheel of anything else is
refused, and so nothing else can be needed. Source: "Binary distribution format",
packaging.python.org/specifications/binary-distribution-format.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import zipfile
from pathlib import Path, PurePosixPath

from deeprig_host.machine.refusal import Refused

_REMEDY = "run deeprig apply again: it carries the wheels anew"


def wheel_path(store: Path, sha256: str) -> Path:
    """Return where a wheel lies in the store."""
    return store / f"{sha256}.whl"


def stored(store: Path, wheels: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of the wheels that the store has whole."""
    return tuple(sha256 for sha256 in wheels if _is_whole(wheel_path(store, sha256), sha256))


def unpack(path: Path, sha256: str, into: Path) -> None:
    """Unpack a wheel. Raise Refused when it is another, damaged, or of a kind not carried."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise Refused(f"the wheel {path} is missing", remedy=_REMEDY) from None
    if hashlib.sha256(content).hexdigest() != sha256:
        raise Refused(f"the wheel {path} is damaged", remedy=_REMEDY)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as wheel:
            files = _checked(wheel)
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise Refused(f"{path} is no wheel that can be used: {error}", remedy=_REMEDY) from error
    for name, data in files.items():
        target = into / name
        if target.exists():
            raise Refused(f"two wheels have a file {name}", remedy="report it: the lock is wrong")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


def _is_whole(path: Path, sha256: str) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256


def _checked(wheel: zipfile.ZipFile) -> dict[str, bytes]:
    """Return the files of a wheel. Raise ValueError or KeyError where RECORD tells of others."""
    names = [name for name in wheel.namelist() if not name.endswith("/")]
    record = next((name for name in names if name.endswith(".dist-info/RECORD")), None)
    if record is None:
        raise ValueError("it has no RECORD")
    digests = _digests(wheel.read(record).decode("utf-8"))
    files = {}
    for name in names:
        _check_name(name)
        files[name] = wheel.read(name)
        if name != record and _record_digest(files[name]) != digests[name]:
            raise ValueError(f"{name} is not what its RECORD tells")
    missing = sorted(set(digests) - set(files))
    if missing:
        raise ValueError(f"{missing[0]} is missing")
    return files


def _digests(record: str) -> dict[str, str]:
    rows = (row for row in csv.reader(io.StringIO(record)) if row)
    return {row[0]: row[1] for row in rows}


def _record_digest(data: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=")
    return f"sha256={digest.decode('ascii')}"


def _check_name(name: str) -> None:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name:
        raise ValueError(f"{name} leads out of it")
    if path.parts[0].endswith(".data") or path.name == "entry_points.txt":
        raise ValueError(f"{name} needs an installer")
