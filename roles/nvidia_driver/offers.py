"""What one source offers now: its packages by driver version, never by name alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from deeprig.tasks.nvidia_repository import LABEL
from roles.nvidia_driver.observation import Candidate
from roles.nvidia_driver.settings import Source
from roles.nvidia_driver.versions import branch_of, driver_version, sort_key

SOURCE_NAMES: dict[Source, str] = {
    "ubuntu": "the Ubuntu archive",
    "nvidia": "NVIDIA's repository",
    "debian": "the Debian archive",
}
#: A prebuilt module package has the kernel's version; its driver's is in this dependency.
_KERNEL_COMMON = re.compile(r"\bnvidia-kernel-common\S* \(>= ([0-9.]+)")
_PREBUILT = re.compile(r"^linux-(modules|objects|signatures)-nvidia-")


def version_offered(candidate: Candidate) -> str | None:
    """Return the driver version a candidate brings, or None where it brings none."""
    if _PREBUILT.match(candidate.name):
        found = _KERNEL_COMMON.search(candidate.depends)
        return found.group(1) if found else None
    return driver_version(candidate.version)


def dependencies(depends: str) -> tuple[tuple[str, ...], ...]:
    """Return the names in a Depends field: one tuple of alternatives for each comma."""
    clauses = (clause.strip() for clause in depends.split(","))
    return tuple(
        tuple(re.split(r"[\s(:\[]", option.strip(), maxsplit=1)[0] for option in clause.split("|"))
        for clause in clauses
        if clause
    )


def source_of(origin: str, label: str) -> Source | None:
    """Return the source that a repository's Release fields stand for, or None for another."""
    if label == LABEL:
        return "nvidia"
    for source, name in (("ubuntu", "Ubuntu"), ("debian", "Debian")):
        if origin == name or (not origin and label.startswith(name)):
            return source  # type: ignore[return-value]
    return None


@dataclass(frozen=True, slots=True)
class Offers:
    """The candidates of one source."""

    source: Source
    candidates: tuple[Candidate, ...]
    by_name: dict[str, list[Candidate]]

    @classmethod
    def of(cls, source: Source, candidates: Iterable[Candidate]) -> Offers:
        """Return what a source offers among all that apt knows."""
        own = tuple(c for c in candidates if source_of(c.origin, c.label) == source)
        by_name: dict[str, list[Candidate]] = {}
        for candidate in own:
            by_name.setdefault(candidate.name, []).append(candidate)
        return cls(source, own, by_name)

    def named(self, name: str) -> tuple[Candidate, ...]:
        """Return the candidates of a name, newest first as apt has them."""
        return tuple(self.by_name.get(name, ()))

    def at(self, name: str, version: str) -> Candidate | None:
        """Return the newest candidate of a name that is of a driver version, or None."""
        return next((c for c in self.named(name) if version_offered(c) == version), None)

    def nearest(self, name: str, version: str) -> Candidate | None:
        """Return a tool for a driver version: its own, else the newest of its branch, or None.

        Debian has one driver branch, and tools that are older or newer: any will do there.
        """
        branch = branch_of(version)
        fitting = (
            c
            for c in self.named(name)
            if self.source == "debian" or branch_of(version_offered(c) or "0") == branch
        )
        return self.at(name, version) or next(fitting, None)

    def first_at(self, names: Iterable[str], version: str) -> Candidate | None:
        """Return the first of several names that there is at a driver version, or None."""
        return next((found for name in names if (found := self.at(name, version))), None)

    def versions(self, name: str) -> tuple[str, ...]:
        """Return the driver versions of a name, newest first."""
        found = {version for c in self.named(name) if (version := version_offered(c))}
        return tuple(sorted(found, key=sort_key, reverse=True))

    def complete_versions(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return the driver versions that every one of the names has, newest first."""
        sets = [set(self.versions(name)) for name in names]
        common = set.intersection(*sets) if sets else set()
        return tuple(sorted(common, key=sort_key, reverse=True))

    def with_dependencies(
        self, roots: Iterable[Candidate], version: str, is_excluded: Callable[[str], bool]
    ) -> dict[str, Candidate]:
        """Return roots and all they depend on that the source has at the same driver version.

        Of alternatives, one that is already there is enough, else the first that exists counts.
        """
        found = {root.name: root for root in roots}
        queue = list(found.values())
        while queue:
            for alternatives in dependencies(queue.pop(0).depends):
                if any(name in found for name in alternatives):
                    continue
                allowed = (name for name in alternatives if not is_excluded(name))
                taken = self.first_at(allowed, version)
                if taken is not None:
                    found[taken.name] = taken
                    queue.append(taken)
        return found


def branches_offered(offers: Offers, pattern: str) -> tuple[str, ...]:
    """Return what a source has of a root's name in any branch, as text: ``580.95.05 (name)``.

    Not the names that lead from one branch to another: they are no way to have theirs.
    """
    found: dict[int, str] = {}
    for candidate in offers.candidates:
        version = version_offered(candidate)
        if version is None or candidate.name != pattern.format(b=branch_of(version)):
            continue
        branch = branch_of(version)
        known = found.get(branch)
        if known is None or sort_key(known.split()[0]) < sort_key(version):
            found[branch] = f"{version} ({candidate.name})"
    return tuple(found[branch] for branch in sorted(found))
