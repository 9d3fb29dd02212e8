"""The texts that make an environment anew: an explicit lock, environment.yml and pip's list."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from deeprig_host.backup.conda_records import CondaPackage, PipPackage

_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*(=[A-Za-z0-9_.+!-]+){2}")
_VARIABLES = "variables:"
_SUBDIRECTORY = re.compile(r"/[^/]+/[^/]+$")


def explicit_lines(packages: tuple[CondaPackage, ...]) -> tuple[str, ...]:
    """Return what ``conda list --explicit --md5`` prints: what is needed stands before its user."""
    lines = ["# conda create --prefix PATH --file THIS_FILE", "@EXPLICIT"]
    for package in _in_order(packages):
        if not package.url:
            lines.append(f"# no URL for: {package.name}-{package.version}-{package.build}")
        else:
            lines.append(f"{package.url}#{package.md5}" if package.md5 else package.url)
    return tuple(lines)


def _in_order(packages: tuple[CondaPackage, ...]) -> tuple[CondaPackage, ...]:
    """Return packages after what they depend on; a circle (pip, python) is cut where it closes."""
    by_name = {package.name: package for package in packages}
    done: dict[str, CondaPackage] = {}
    seen: set[str] = set()
    # Not by recursion: a chain of dependencies may be longer than Python's stack.
    waiting = [(name, False) for name in sorted(by_name, reverse=True)]
    while waiting:
        name, are_needs_done = waiting.pop()
        if are_needs_done:
            done[name] = by_name[name]
        elif name not in seen:
            seen.add(name)
            waiting.append((name, True))
            needs = sorted(set(by_name[name].depends) & by_name.keys(), reverse=True)
            waiting.extend((need, False) for need in needs)
    return tuple(done.values())


def environment_lines(
    path: str,
    conda: tuple[CondaPackage, ...],
    pip: tuple[PipPackage, ...],
    variables: Mapping[str, str],
) -> tuple[str, ...]:
    """Return an environment.yml as ``conda env export`` writes it; JSON's texts are YAML's."""
    lines = [f"name: {json.dumps(path.rpartition('/')[2])}", "channels:"]
    lines += [f"  - {json.dumps(channel)}" for channel in _channels(conda)]
    lines += ["  - nodefaults", "dependencies:"]
    lines += [f"  - {_plain(f'{one.name}={one.version}={one.build}')}" for one in conda]
    if pip:
        lines += ["  - pip:", *(f"      - {json.dumps(line)}" for line in pip_lines(pip))]
    if variables:
        lines.append(_VARIABLES)
        lines += [f"  {json.dumps(name)}: {json.dumps(text)}" for name, text in variables.items()]
    return (*lines, f"prefix: {json.dumps(path)}")


def variables_in(lines: Sequence[str]) -> dict[str, str]:
    """Return the variables that ``environment_lines`` wrote. Raise ValueError on other lines."""
    if _VARIABLES not in lines:
        return {}
    start = lines.index(_VARIABLES) + 1
    told = ",".join(line for line in lines[start:] if line.startswith("  "))
    return {str(name): str(text) for name, text in json.loads("{" + told + "}").items()}


def _channels(packages: tuple[CondaPackage, ...]) -> tuple[str, ...]:
    """Return the channels' URLs, without platform, those with most packages first."""
    urls = [_SUBDIRECTORY.sub("", package.url) for package in packages if package.url]
    return tuple(sorted(set(urls), key=lambda url: (-urls.count(url), url)))


def _plain(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else json.dumps(text)


def pip_lines(packages: tuple[PipPackage, ...]) -> tuple[str, ...]:
    """Return what ``pip freeze`` prints of what pip installed."""
    return tuple(_pip_line(package) for package in packages)


def _pip_line(package: PipPackage) -> str:
    if not package.origin:
        return f"{package.name}=={package.version}"
    if package.is_editable:
        return f"-e {package.origin}"
    return f"{package.name} @ {package.origin}"
