"""`conda shell.posix activate|deactivate|reactivate`: commands for the calling shell to eval."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

from .errors import CondaError
from .prefixes import Session, require_environment


def resolve(session: Session, target: str | None) -> Path:
    """Return the environment named by a name or a path; base without one."""
    if target is None:
        return session.root
    if "/" in target:
        return require_environment(Path(target).absolute())
    return session.named(target)


def activate(session: Session, target: str | None) -> str:
    """Return the commands that enter an environment."""
    prefix = resolve(session, target)
    environ = session.environ
    level = int(environ.get("CONDA_SHLVL", "0") or 0)
    current = environ.get("CONDA_PREFIX")
    name = session.name_of(prefix) or str(prefix)
    exports = {
        "PATH": _path(environ, current, prefix),
        "CONDA_PREFIX": str(prefix),
        "CONDA_SHLVL": str(level + 1),
        "CONDA_DEFAULT_ENV": name,
        "CONDA_PROMPT_MODIFIER": f"({name}) ",
    }
    if current:
        exports[f"CONDA_PREFIX_{level}"] = current
    prompt = _prompt(environ, f"({name}) ")
    return "\n".join([prompt, *(_export(key, value) for key, value in exports.items())]) + "\n"


def deactivate(session: Session) -> str:
    """Return the commands that leave the current environment, back to the one before it."""
    environ = session.environ
    level = int(environ.get("CONDA_SHLVL", "0") or 0)
    current = environ.get("CONDA_PREFIX")
    if level < 1 or not current:
        return ""
    before = environ.get(f"CONDA_PREFIX_{level - 1}")
    lines = [_export("PATH", _path(environ, current, Path(before) if before else None))]
    lines.append(_export("CONDA_SHLVL", str(level - 1)))
    if before is None:
        lines += [
            "unset CONDA_PREFIX CONDA_DEFAULT_ENV CONDA_PROMPT_MODIFIER",
            _prompt(environ, ""),
        ]
        return "\n".join(lines) + "\n"
    name = session.name_of(Path(before)) or before
    lines += [
        f"unset CONDA_PREFIX_{level - 1}",
        _export("CONDA_PREFIX", before),
        _export("CONDA_DEFAULT_ENV", name),
        _export("CONDA_PROMPT_MODIFIER", f"({name}) "),
        _prompt(environ, f"({name}) "),
    ]
    return "\n".join(lines) + "\n"


def shell_commands(session: Session, arguments: list[str]) -> str:
    """Return what the shell must eval. Raises CondaError for anything else."""
    match arguments:
        case ["activate"]:
            return activate(session, None)
        case ["activate", target]:
            return activate(session, target)
        case ["deactivate"]:
            return deactivate(session)
        case ["reactivate"]:
            return "hash -r\n"
        case _:
            raise CondaError("ArgumentError", f"shell.posix does not know {arguments}")


def _path(environ: Mapping[str, str], leave: str | None, enter: Path | None) -> str:
    parts = [p for p in environ.get("PATH", "").split(":") if p and p != f"{leave}/bin"]
    return ":".join([f"{enter}/bin", *parts] if enter else parts)


def _prompt(environ: Mapping[str, str], modifier: str) -> str:
    bare = environ.get("PS1", "").removeprefix(environ.get("CONDA_PROMPT_MODIFIER", ""))
    return f"PS1={shlex.quote(modifier + bare)}"


def _export(name: str, value: str) -> str:
    return f"export {name}={shlex.quote(value)}"
