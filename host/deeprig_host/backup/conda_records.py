"""What conda and pip have installed in an environment, from the records that they leave there.

The environment's own programs are not run: their owner may be anybody, and root would run what
that owner wrote. It is also what makes it work where conda is broken, and fast.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deeprig_host.backup.state_part import Budget, PartFailed, read_text

#: A record lists each file of its package; those of CUDA's toolkits have 20 000.
_RECORD_BYTES = 32 << 20
_METADATA = re.compile(r"^(Name|Version):[ \t]*(.*?)[ \t\r]*$", re.MULTILINE)
_METADATA_BYTES = 4 << 20
#: What is written becomes a line that conda or pip reads again, perhaps as root: nothing that an
#: owner of an environment put there may be another line, or an option.
_WORD = re.compile(r"[A-Za-z0-9_][^\s\x00-\x1f\x7f]*")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s\x00-\x1f\x7f]+")


@dataclass(frozen=True, slots=True)
class CondaPackage:
    """A package that conda installed; ``url`` is empty where its record tells none."""

    name: str
    version: str
    build: str
    url: str
    md5: str
    depends: tuple[str, ...]
    #: Its own ``.dist-info`` and ``.egg-info`` directories, below the environment.
    metadata: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PipPackage:
    """A package that pip installed; ``origin`` is where from, empty for a package index."""

    name: str
    version: str
    origin: str = ""
    is_editable: bool = False


def conda_packages(environment: Path, budget: Budget) -> tuple[CondaPackage, ...]:
    """Return conda's packages by name. Raise PartFailed, OSError on a record that is not whole."""
    found = []
    for path in sorted((environment / "conda-meta").glob("*.json")):
        budget.check()
        found.append(_conda_package(path))
    if not found:
        raise PartFailed(f"{environment}/conda-meta has no record of any package")
    return tuple(sorted(found, key=lambda package: package.name))


def _conda_package(path: Path) -> CondaPackage:
    try:
        told = json.loads(read_text(path, _RECORD_BYTES))
        return CondaPackage(
            name=_checked(_WORD, told["name"]),
            version=_checked(_WORD, told["version"]),
            build=_checked(_WORD, told.get("build") or told["build_string"]),
            url=_checked(_URL, told["url"]) if told.get("url") else "",
            md5=_checked(_WORD, told["md5"]) if told.get("md5") else "",
            depends=tuple(str(one).split(" ", 1)[0] for one in told.get("depends") or ()),
            metadata=tuple(sorted(_metadata(told))),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise PartFailed(f"{path} is no record of conda's: {error!r:.80}") from error


def _checked(form: re.Pattern[str], told: Any) -> str:
    if not isinstance(told, str) or not form.fullmatch(told):
        # The value is not told: through a link it may be of a file that is none of the owner's.
        raise ValueError("a value of it cannot stand in a lock")
    return told


def _metadata(told: dict[str, Any]) -> set[str]:
    """Return the directories of Python metadata among a record's files."""
    found = set()
    for file in told.get("files") or ():
        directory, _, _ = str(file).rpartition("/")
        if directory.endswith((".dist-info", ".egg-info")):
            found.add(directory)
    return found


def pip_packages(
    environment: Path, of_conda: tuple[CondaPackage, ...], budget: Budget
) -> tuple[PipPackage, ...]:
    """Return what pip installed beside conda, by name.

    Raise PartFailed, OSError on metadata that cannot be read.
    """
    known = {directory for package in of_conda for directory in package.metadata}
    found = []
    for path in _metadata_directories(environment):
        budget.check()
        if str(path.relative_to(environment)) not in known:
            package = _pip_package(path)
            found += [package] if package else []
    return tuple(sorted(found, key=lambda package: package.name.lower()))


def _metadata_directories(environment: Path) -> Iterator[Path]:
    for directory in site_packages(environment):
        for path in sorted((*directory.glob("*.dist-info"), *directory.glob("*.egg-info"))):
            # pip renames what it is about to remove so; a pip that was killed leaves it.
            if path.is_dir() and not path.name.startswith("~"):
                yield path


def site_packages(environment: Path) -> Iterator[Path]:
    """Yield the directories of Python packages of an environment."""
    for path in sorted(environment.glob("lib/python3*/site-packages")):
        # python3.1 is conda's link to python3.13, for old builds.
        if path.is_dir() and not path.parent.is_symlink():
            yield path


def _pip_package(path: Path) -> PipPackage | None:
    """Return a package; None where nothing is left of it but its directory, as pip sees it."""
    file = path / ("METADATA" if path.suffix == ".dist-info" else "PKG-INFO")
    try:
        text = read_text(file, _METADATA_BYTES)
    except FileNotFoundError:
        return None
    # The header ends at the first empty line; a description may repeat its words.
    told = dict(_METADATA.findall(text.partition("\n\n")[0]))
    if not all(_WORD.fullmatch(told.get(key, "")) for key in ("Name", "Version")):
        raise PartFailed(f"{file} tells no name and version")
    try:
        text = read_text(path / "direct_url.json")
    except FileNotFoundError:
        return PipPackage(told["Name"], told["Version"])
    origin, is_editable = _origin(path, text)
    return PipPackage(told["Name"], told["Version"], origin, is_editable)


def _origin(path: Path, text: str) -> tuple[str, bool]:
    """Return where a package came from, as pip freeze writes it (PEP 610)."""
    try:
        told = json.loads(text)
        url, vcs, archive = str(told["url"]), told.get("vcs_info"), told.get("archive_info") or {}
        if vcs:
            url = f"{vcs['vcs']}+{url}@{vcs['commit_id']}"
        fragments = sorted(f"{name}={value}" for name, value in archive.get("hashes", {}).items())
        if archive.get("hash"):
            fragments = [str(archive["hash"])]
        if told.get("subdirectory"):
            fragments.append(f"subdirectory={told['subdirectory']}")
        is_editable = bool(told.get("dir_info", {}).get("editable"))
        origin = _checked(_URL, "#".join((url, *(["&".join(fragments)] if fragments else []))))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise PartFailed(f"{path}/direct_url.json is no origin: {error!r:.80}") from error
    return origin, is_editable
