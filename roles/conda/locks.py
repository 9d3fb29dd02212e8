"""Lock files: an explicit conda list and pip requirements with hashes, checked when read.

``deeprig lock`` writes ``NAME.conda.lock`` (conda's own @EXPLICIT form, every line with its
checksum) and, where pip installs something, ``NAME.pip.lock`` (pip's --require-hashes form).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

CONDA_SUFFIX, PIP_SUFFIX = ".conda.lock", ".pip.lock"
_EXPLICIT_LINE = re.compile(
    r"^(?P<url>(https?|file)://\S+/(?P<file>[^/#]+)\.(conda|tar\.bz2))"
    r"#(sha256:[0-9a-f]{64}|(?P<bare>[0-9a-f]{32}|[0-9a-f]{64}))$"
)
_PIP_REQUIREMENT = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(==(?P<version>\S+)| @ \S+)(?P<rest>.*)$")


@dataclass(frozen=True, slots=True)
class CondaLock:
    """An @EXPLICIT list."""

    text: str
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PipLock:
    """Requirements with hashes."""

    text: str
    packages: tuple[tuple[str, str], ...]


def lock_files(path: Path) -> tuple[CondaLock, PipLock | None]:
    """Read ``path.conda.lock`` and, where it is there, ``path.pip.lock``.

    ``path`` may carry the first suffix. Raise ValueError when a file is missing or incomplete.
    """
    stem = Path(str(path).removesuffix(CONDA_SUFFIX))
    conda_path = stem.with_name(stem.name + CONDA_SUFFIX)
    pip_path = stem.with_name(stem.name + PIP_SUFFIX)
    pip_lock = parse_pip_lock(_read(pip_path), pip_path) if pip_path.exists() else None
    return parse_conda_lock(_read(conda_path), conda_path), pip_lock


def parse_conda_lock(text: str, path: Path) -> CondaLock:
    """Return the lock of an explicit list. Raise ValueError for a line without a checksum."""
    lines = [(n, line.strip()) for n, line in enumerate(text.splitlines(), 1)]
    entries = [(n, line) for n, line in lines if line and not line.startswith("#")]
    if not entries or entries[0][1] != "@EXPLICIT":
        raise ValueError(f"{path} is no explicit lock: it does not begin with @EXPLICIT")
    files = []
    for number, line in entries[1:]:
        match = _EXPLICIT_LINE.match(line)
        if match is None:
            raise ValueError(f"{path}:{number} is no package URL with a checksum")
        files.append(match["file"])
    return CondaLock(text, tuple(files))


def parse_pip_lock(text: str, path: Path) -> PipLock:
    """Return the lock of pip requirements. Raise ValueError for one without a hash."""
    packages = []
    joined = text.replace("\\\n", " ")
    for line in (line.strip() for line in joined.splitlines()):
        if not line or line.startswith(("#", "--")):
            continue
        match = _PIP_REQUIREMENT.match(line)
        if match is None or "--hash=sha256:" not in line:
            raise ValueError(f"{path}: {line.split()[0]} has no --hash=sha256:")
        packages.append((match["name"], match["version"] or ""))
    return PipLock(text, tuple(packages))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ValueError(f"the lock {path} cannot be read: {error.strerror}") from error
