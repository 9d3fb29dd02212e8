"""Names, versions and checksums of built files."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

INDEX_NAME = ".artifacts.json"


@dataclass(frozen=True, slots=True)
class Artifact:
    """One built file; `path` is relative to its folder."""

    name: str
    version: str
    path: str
    sha256: str


def name_and_version(file_name: str) -> tuple[str, str]:
    """Return name and version from a wheel's or a conda package's file name."""
    if file_name.endswith(".whl"):
        name, version = file_name.split("-")[:2]
        return name, version
    name, version, _build = file_name.removesuffix(".conda").rsplit("-", 2)
    return name, version


def describe(folder: Path, pattern: str) -> tuple[Artifact, ...]:
    """Return the files of a folder that match; checksums are computed once per folder.

    The result is kept beside the files: a folder is replaced as a whole when it changes.
    """
    index = folder / INDEX_NAME
    if index.is_file():
        return tuple(Artifact(**entry) for entry in json.loads(index.read_text(encoding="utf-8")))
    found = []
    for file in sorted(folder.glob(pattern)):
        sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
        name, version = name_and_version(file.name)
        found.append(Artifact(name, version, file.relative_to(folder).as_posix(), sha256))
    index.write_text(json.dumps([asdict(artifact) for artifact in found]), encoding="utf-8")
    return tuple(found)
