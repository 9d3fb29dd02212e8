"""`conda-meta/history`: what was asked for, and what came of it."""

from __future__ import annotations

import ast
import re
import time
from collections.abc import Iterable
from pathlib import Path

from . import VERSION

_SPECS = re.compile(r"^# (?P<kind>update|install|remove|neutered) specs: (?P<list>\[.*\])$")


def package_name(spec: str) -> str:
    """Return the name that a spec constrains."""
    bare = spec.rsplit("::", 1)[-1].strip()
    return re.split(r"[\s=<>!~\[]", bare, maxsplit=1)[0].lower()


def requested(prefix: Path) -> dict[str, str]:
    """Return the specs in force, by package name: later requests replace earlier ones."""
    file = prefix / "conda-meta" / "history"
    specs: dict[str, str] = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        match = _SPECS.match(line)
        if match is None:
            continue
        for spec in ast.literal_eval(match["list"]):
            if match["kind"] == "remove":
                specs.pop(package_name(spec), None)
            else:
                specs[package_name(spec)] = spec
    return specs


def record(
    prefix: Path,
    command: Iterable[str],
    changes: Iterable[str],
    specs: Iterable[str],
    kind: str = "update",
) -> None:
    """Append one transaction; `changes` are `+channel/subdir::dist` and `-…` lines."""
    lines = [
        time.strftime("==> %Y-%m-%d %H:%M:%S <=="),
        f"# cmd: {' '.join(command)}",
        f"# conda version: {VERSION}",
        *changes,
    ]
    specs = list(specs)
    if specs:
        lines.append(f"# {kind} specs: {specs!r}")
    file = prefix / "conda-meta" / "history"
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as stream:
        stream.write("\n".join(lines) + "\n")
