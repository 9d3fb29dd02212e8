"""Build the wheel of ``host/``: from the sources alone, byte for byte the same everywhere.

A builder of our own, because the well-kept ones (flit-core, hatchling) compress, and what zlib
makes of the same bytes differs between its versions: another controller's wheel would have another
digest, and every host would get a new environment. Format: packaging.python.org/specifications/
binary-distribution-format.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
import zipfile
from pathlib import Path

from deeprig.errors import DeeprigError
from deeprig.wheels.lock import LockedWheel

_PACKAGE = "deeprig_host"
#: The oldest time a zip file can hold. Real ones would make every checkout's wheel different.
_TIME = (1980, 1, 1, 0, 0, 0)
_REGULAR_READABLE_BY_ALL = 0o100644 << 16
_VERSION = re.compile(r'^version = "([0-9][0-9a-z.]*)"$', re.MULTILINE)
_PYTHON = re.compile(r'^requires-python = "([^"]+)"$', re.MULTILINE)
_WHEEL = "Wheel-Version: 1.0\nGenerator: deeprig\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def build_wheel(programs: Path, needed: tuple[LockedWheel, ...]) -> bytes:
    """Return the wheel of all of ``deeprig_host``, which needs exactly these others.

    ``programs`` is the directory of the package and of its ``pyproject.toml``.
    """
    project = programs / "pyproject.toml"
    version = _told(project, _VERSION, "version")
    information = f"{_PACKAGE}-{version}.dist-info"
    files = {
        str(file.relative_to(programs)): file.read_bytes()
        for file in sorted((programs / _PACKAGE).rglob("*"))
        if file.is_file() and "__pycache__" not in file.parts and file.suffix != ".pyc"
    }
    files[f"{information}/METADATA"] = _metadata(
        version, _told(project, _PYTHON, "requires-python"), needed
    ).encode("utf-8")
    files[f"{information}/WHEEL"] = _WHEEL.encode("ascii")
    record = f"{information}/RECORD"
    rows = [f"{name},sha256={_digest(data)},{len(data)}" for name, data in files.items()]
    files[record] = "\n".join([*rows, f"{record},,", ""]).encode("utf-8")
    return _zip(files)


def _told(project: Path, pattern: re.Pattern[str], what: str) -> str:
    """Return what a line of the project's file tells (Python 3.10 has no reader of TOML)."""
    match = pattern.search(project.read_text(encoding="utf-8"))
    if match is None:
        raise DeeprigError(
            f"it tells no {what}",
            place=str(project),
            remedy="reinstall deeprig: its built-in content is damaged",
        )
    return match[1]


def _metadata(version: str, python: str, needed: tuple[LockedWheel, ...]) -> str:
    lines = ["Metadata-Version: 2.1", "Name: deeprig-host", f"Version: {version}"]
    lines += ["Summary: Programs of deeprig that run on the provisioned machine", "License: MIT"]
    lines += [f"Requires-Python: {python}"]
    lines += [f"Requires-Dist: {wheel.project}=={wheel.version}" for wheel in needed]
    return "\n".join([*lines, ""])


def _digest(data: bytes) -> str:
    digest = hashlib.sha256(data).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def _zip(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, _TIME)
            entry.compress_type = zipfile.ZIP_STORED
            entry.create_system = 3  # Unix, wherever it is built
            entry.external_attr = _REGULAR_READABLE_BY_ALL
            archive.writestr(entry, data)
    return buffer.getvalue()
