"""Compare two states of a machine, before it died and after its rebuild. Pure: nothing is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from deeprig_host.backup.compare_accounts import account_differences
from deeprig_host.backup.state_conda import PREFIX
from deeprig_host.backup.state_machine import IDENTITY
from deeprig_host.backup.state_packages import is_of_kernel
from deeprig_host.backup.state_read import Environment, State

Verdict = Literal["same", "different", "missing", "extra", "unknown"]
Area = Literal[
    "environment",
    "chosen package",
    "hold",
    "user",
    "group",
    "system user",
    "system group",
    "package",
    "machine",
    "file",
]
#: A rebuild brings these back. The others follow from the release, the hardware and the day.
DECISIVE: tuple[Area, ...] = ("environment", "chosen package", "hold", "user", "group")
#: Which areas nobody can tell of without a part of the state.
_AREAS_OF: dict[str, tuple[Area, ...]] = {
    "accounts": ("user", "group"),
    "packages": ("chosen package", "hold", "package"),
    "machine": ("machine",),
    "files": ("file",),
}
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """How one thing of the earlier state is in the later one; ``detail`` is for people."""

    area: Area
    name: str
    verdict: Verdict
    detail: str = ""

    @property
    def is_good(self) -> bool:
        """Say whether a rebuild brought it back; what is not known was not shown to be back."""
        return self.verdict in ("same", "extra")

    def __str__(self) -> str:
        return f"{self.area} {self.name}: {self.verdict}" + (self.detail and f" ({self.detail})")


def compare(before: State, after: State) -> tuple[Finding, ...]:
    """Return a finding of each thing that either state has, and of each part that none can tell."""
    unknown = tuple(_unknown(before, after))
    # What is told as unknown is told once: its values are empty, and would be "missing" too.
    areas: set[Area] = {finding.area for finding in unknown if finding.area != "environment"}
    untold = {finding.name for finding in unknown if finding.area == "environment"}
    told = (*_environments(before, after), *_packages(before, after), *_accounts(before, after))
    told += (*_machine(before, after), *_files(before, after))
    kept = (one for one in told if not _is_covered(one, areas, untold))
    return (*unknown, *kept)


def _is_covered(finding: Finding, areas: set[Area], untold: set[str]) -> bool:
    if finding.area in ("system user", "system group"):
        return "user" in areas
    if finding.area == "environment":
        return finding.name in untold or "" in untold
    return finding.area in areas


def is_rebuilt(findings: tuple[Finding, ...]) -> bool:
    """Say whether environments, chosen packages, holds, users and groups are all back."""
    is_anything = any(finding.area in DECISIVE for finding in findings)
    return is_anything and not areas_lacking(findings)


def areas_lacking(findings: tuple[Finding, ...]) -> tuple[Area, ...]:
    """Return the areas that decide and are not back."""
    bad = {finding.area for finding in findings if not finding.is_good}
    return tuple(area for area in DECISIVE if area in bad)


def _unknown(before: State, after: State) -> Iterator[Finding]:
    for when, state in (("before", before), ("after", after)):
        for part, reason in state.unknown.items():
            detail = f"{when}: {reason}"
            if part.startswith(PREFIX):
                yield Finding("environment", part[len(PREFIX) :], "unknown", detail)
            elif part in _AREAS_OF:
                yield from (Finding(area, "", "unknown", detail) for area in _AREAS_OF[part])
            else:  # the search for environments, or the state as a whole
                yield Finding("environment", "", "unknown", f"{detail} ({part})")


def _environments(before: State, after: State) -> Iterator[Finding]:
    old = {one.path: one for one in before.environments}
    new = {one.path: one for one in after.environments}
    for path in sorted({*old, *new}):
        if path not in new:
            yield Finding("environment", path, "missing")
        elif path not in old:
            yield Finding("environment", path, "extra")
        else:
            yield _environment(old[path], new[path])


def _environment(old: Environment, new: Environment) -> Finding:
    differences = (
        *_set_differences("conda", _locked(old), _locked(new)),
        *_set_differences("pip", old.pip, new.pip),
        *_set_differences("variables", _changed_variables(old, new), frozenset()),
    )
    if differences:
        return Finding("environment", old.path, "different", "; ".join(differences))
    return Finding(
        "environment", old.path, "same", f"{len(old.explicit)} packages, {len(old.pip)} by pip"
    )


def _locked(environment: Environment) -> frozenset[str]:
    """Return file and checksum of each package: a mirror of a channel has other URLs."""
    return frozenset(line.rpartition("/")[2] for line in environment.explicit)


def _changed_variables(old: Environment, new: Environment) -> frozenset[str]:
    """Return names only: people keep tokens in the values."""
    return frozenset(
        name for name, text in old.variables.items() if new.variables.get(name) != text
    )


def _set_differences(what: str, old: frozenset[str], new: frozenset[str]) -> Iterator[str]:
    for word, gone in (("lacks", old - new), ("has beside", new - old)):
        if gone:
            shown = ", ".join(sorted(gone)[:_SHOWN])
            more = f" and {len(gone) - _SHOWN} more" if len(gone) > _SHOWN else ""
            yield f"{what} {word} {shown}{more}"


def _packages(before: State, after: State) -> Iterator[Finding]:
    # Those of a kernel are told among the packages, which do not decide.
    chosen = (name for name in before.manual | after.manual if not is_of_kernel(name))
    for name in sorted(chosen):
        if name not in before.manual:
            yield Finding("chosen package", name, "extra")
        elif name not in after.installed:
            yield Finding("chosen package", name, "missing")
        elif name not in after.manual:
            yield Finding("chosen package", name, "different", "it is there as a dependency only")
        else:
            yield Finding("chosen package", name, "same")
    for name in sorted(one for one in before.held | after.held if not is_of_kernel(one)):
        yield Finding("hold", name, _presence(name, before.held, after.held))
    yield from _values("package", before.installed, after.installed)


def _presence(name: str, old: frozenset[str], new: frozenset[str]) -> Verdict:
    if name not in new:
        return "missing"
    return "same" if name in old else "extra"


def _accounts(before: State, after: State) -> Iterator[Finding]:
    for found in account_differences(before, after):
        area: Area = "group" if found.is_group else "user"
        if not found.is_of_people:
            area = "system group" if found.is_group else "system user"
        yield Finding(area, found.name, found.verdict, found.detail)


def _machine(before: State, after: State) -> Iterator[Finding]:
    old, new = (
        {name: told for name, told in state.machine.items() if name != IDENTITY}
        for state in (before, after)
    )
    yield from _values("machine", old, new)


def _files(before: State, after: State) -> Iterator[Finding]:
    for finding in _values("file", before.files, after.files):
        # Digests tell a person nothing.
        yield Finding(finding.area, finding.name, finding.verdict)


def _values(area: Area, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Finding]:
    for name in sorted({*old, *new}):
        if name not in new:
            yield Finding(area, name, "missing", f"was {old[name]}")
        elif name not in old:
            yield Finding(area, name, "extra", f"is {new[name]}")
        elif old[name] != new[name]:
            yield Finding(area, name, "different", f"is {new[name]}, was {old[name]}")
        else:
            yield Finding(area, name, "same")
