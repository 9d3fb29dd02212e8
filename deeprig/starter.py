"""The starter lab directory that ``deeprig init`` writes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from deeprig.errors import DeeprigError, UsageProblem

#: Template inside deeprig/starter_files/ and the path it becomes in the lab directory.
_FILES = {
    "lab.py.jinja": "inventory/lab.py",
    "all.py.jinja": "inventory/group_data/all.py",
    "gitignore.jinja": ".gitignore",
}
_HOST = re.compile(
    r"^(?:(?P<user>[a-z_][a-z0-9_-]*)@)?"
    r"(?P<address>[A-Za-z0-9][A-Za-z0-9._-]*|\[[0-9A-Fa-f:]+\])"
    r"(?::(?P<port>\d{1,5}))?$"
)


@dataclass(frozen=True, slots=True)
class StarterHost:
    """A host as given to ``--host``."""

    name: str
    address: str
    user: str | None
    port: int | None

    @classmethod
    def parse(cls, text: str) -> StarterHost:
        """Return the host of ``[user@]address[:port]``. Raise UsageProblem on anything else."""
        match = _HOST.match(text)
        if match is None or not 0 < int(match["port"] or 22) < 65536:
            raise UsageProblem(
                f"{text!r} is no host",
                place="--host",
                remedy="write ADDRESS, USER@ADDRESS or USER@ADDRESS:PORT",
            )
        address = match["address"].strip("[]")
        name = address if re.search(r"^[\d.]+$|:", address) else address.split(".")[0]
        return cls(name, address, match["user"], int(match["port"]) if match["port"] else None)


def write_starter(directory: Path, hosts: tuple[str, ...]) -> tuple[Path, ...]:
    """Write the starter files and return their paths.

    Raise UsageProblem when one of them is there already, before anything is written.
    """
    parsed = tuple(StarterHost.parse(host) for host in hosts)
    names = [host.name for host in parsed]
    if len(set(names)) < len(names):
        raise UsageProblem("two hosts have the same name", place="--host", remedy="name each once")
    targets = {source: directory / target for source, target in _FILES.items()}
    for path in targets.values():
        if path.exists() and path.name != ".gitignore":
            raise UsageProblem(
                "it is there already; nothing was written",
                place=str(path),
                remedy="edit it, or name another directory: deeprig init DIRECTORY",
            )
    return tuple(
        write_file(path, _render(source, parsed))
        for source, path in targets.items()
        if not path.exists()
    )


def write_gitignore(directory: Path) -> tuple[Path, ...]:
    """Write what git shall leave out, where nothing says so yet, and return its path."""
    path = directory / ".gitignore"
    return () if path.exists() else (write_file(path, _render("gitignore.jinja", ())),)


def _render(source: str, hosts: tuple[StarterHost, ...]) -> str:
    text = (resources.files("deeprig") / "starter_files" / source).read_text("utf-8")
    environment = Environment(  # noqa: S701 - Python files, not HTML
        undefined=StrictUndefined, keep_trailing_newline=True, trim_blocks=True
    )
    return environment.from_string(text).render(hosts=hosts)


def write_file(path: Path, text: str) -> Path:
    """Write a file and return its path. Raise DeeprigError where it cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise DeeprigError(
            f"it cannot be written: {error.strerror}",
            place=str(path),
            remedy="choose a directory you may write to",
        ) from error
    return path
