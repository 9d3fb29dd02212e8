"""What is in an environment, written down when it was made: so that damage is seen later.

An environment is whole when every file and link is as written, belongs to whom the directory above
it belongs (root), can be written by nobody else, and nothing else is there. Bytecode that a Python
left in ``__pycache__`` is no damage.
"""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_NAME = "contents.json"
_SCHEMA = "deeprig.environment/1"
_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH
#: Damages that are told; one is enough to make it anew.
_SHOWN_DAMAGES = 5


@dataclass(frozen=True, slots=True)
class Contents:
    """Digest of each file and target of each link, by path below the environment."""

    files: dict[str, str]
    links: dict[str, str]


def write_contents(environment: Path) -> Path:
    """Write down what is in an environment; return the file that tells it."""
    found = _found(environment)
    document = {"schema": _SCHEMA, "files": found.files, "links": found.links}
    path = environment / _NAME
    path.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return path


def made_at(environment: Path) -> float:
    """Return when an environment was made (Unix seconds); 0 for one that never was completed."""
    try:
        return (environment / _NAME).stat().st_mtime
    except OSError:
        return 0.0


def damages(environment: Path) -> tuple[str, ...]:
    """Return what is not as it was made, for people; nothing for a whole environment."""
    try:
        document = json.loads((environment / _NAME).read_text(encoding="utf-8"))
        written = Contents(dict(document["files"]), dict(document["links"]))
        if document["schema"] != _SCHEMA:
            return (f"{_NAME} is of another version",)
    except FileNotFoundError:
        return ("it was never completed",)
    except (ValueError, KeyError, TypeError, OSError) as error:
        return (f"{_NAME} is unreadable: {error}",)
    found = [*_differences(written, _found(environment)), *_foreign(environment)]
    return tuple(found[:_SHOWN_DAMAGES])


def _differences(written: Contents, found: Contents) -> Iterator[str]:
    was, is_now = {**written.files, **written.links}, {**found.files, **found.links}
    for path in sorted(was.keys() | is_now.keys()):
        if path not in is_now:
            yield f"{path} is missing"
        elif path not in was:
            if "__pycache__" not in Path(path).parts:
                yield f"{path} is not of it"
        elif was[path] != is_now[path]:
            yield f"{path} was altered"


def _foreign(environment: Path) -> Iterator[str]:
    owner = environment.parent.stat().st_uid
    for path in (environment, *sorted(environment.rglob("*"))):
        yield from (f"{path.relative_to(environment)} {why}" for why in strangers(path, owner))


def strangers(path: Path, owner: int) -> Iterator[str]:
    """Yield whom a path belongs to beside its owner, and that others than that can write it."""
    found = path.lstat()
    if found.st_uid != owner:
        yield f"belongs to user {found.st_uid}"
    elif not stat.S_ISLNK(found.st_mode) and found.st_mode & _WRITABLE_BY_OTHERS:
        yield "can be written by others"


def _found(environment: Path) -> Contents:
    files, links = {}, {}
    for path in sorted(environment.rglob("*")):
        name = str(path.relative_to(environment))
        if path.is_symlink():
            links[name] = str(path.readlink())
        elif path.is_file() and name != _NAME:
            files[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return Contents(files, links)
