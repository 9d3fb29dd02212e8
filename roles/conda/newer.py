"""Newer packages that an unlocked environment could have: asked of conda's and pip's dry runs."""

from __future__ import annotations

import json
from typing import Any

from packaging.utils import canonicalize_name
from pyinfra.api.command import QuoteString, StringCommand
from pyinfra.api.exceptions import FactProcessError
from pyinfra.api.facts import FactBase

from deeprig.report.model import VersionMove
from roles.conda.facts import InstalledEnvironment
from roles.conda.settings import CondaSettings, EnvironmentSettings


class _DryRun(FactBase[dict[str, str] | None]):
    """Name to version, from a documented dry run that answers in JSON."""

    def command(
        self, words: tuple[str, ...], variables: tuple[tuple[str, str], ...]
    ) -> StringCommand:
        """Return the dry run's command, with its variables set."""
        assignments = [f"{name}={value}" for name, value in variables]
        return StringCommand("env", *(QuoteString(word) for word in (*assignments, *words)))

    @staticmethod
    def default() -> dict[str, str] | None:
        """Return None: not known."""
        return None


class SolvedPackages(_DryRun):
    """Name to version of what conda would put into a new environment. Nothing is installed."""

    def process(self, output: list[str]) -> dict[str, str]:
        """Parse conda's document. Raise FactProcessError where there is no solution."""
        document = _document(output, "conda's dry run")
        linked = document.get("actions", {}).get("LINK")
        if linked is None:
            raise FactProcessError(f"conda's dry run lists no packages: {document.get('message')}")
        return {canonicalize_name(p["name"]): str(p["version"]) for p in linked}


class PipUpgrades(_DryRun):
    """Name to version of what ``pip install --upgrade`` would install into an environment."""

    def process(self, output: list[str]) -> dict[str, str]:
        """Parse pip's installation report."""
        found = _document(output, "pip's dry run").get("install", [])
        return {canonicalize_name(i["metadata"]["name"]): i["metadata"]["version"] for i in found}


def conda_words(settings: CondaSettings, declared: EnvironmentSettings) -> tuple[str, ...]:
    """Return the dry run of the environment's solve."""
    channels = [part for c in settings.channels_of(declared) for part in ("-c", c)]
    prefix = f"{settings.generations_path(declared.name)}/dry-run"
    words = (f"{settings.prefix}/bin/conda", "create", "--dry-run", "--json", "-y", "-p", prefix)
    specs = (f"python={declared.python}", "pip", *declared.packages)
    return (*words, "--override-channels", *channels, *specs)


def pip_words(settings: CondaSettings, declared: EnvironmentSettings) -> tuple[str, ...]:
    """Return the dry run of pip's upgrade inside the environment."""
    python = f"{settings.environment_path(declared.name)}/bin/python"
    words = (python, "-m", "pip", "install", "--dry-run", "--quiet", "--no-input", "--upgrade")
    return (*words, "--report", "-", *settings.pip_of(declared), *declared.pip.packages)


def moves(
    declared: EnvironmentSettings,
    installed: InstalledEnvironment,
    solved: dict[str, str],
    upgrades: dict[str, str],
) -> tuple[VersionMove, ...]:
    """Return what a new build would change, sorted by name; none means that it is the newest."""
    conda: dict[str, str] = {
        canonicalize_name(name): version for name, version, _ in installed.conda_packages
    }
    pip = {name: version for name, version in installed.pip_packages if name not in conda}
    found = [
        VersionMove(f"{declared.name}: {name}", conda.get(name, ""), solved.get(name, ""))
        for name in sorted(conda.keys() | solved.keys())
        if conda.get(name) != solved.get(name)
    ]
    found += [
        VersionMove(f"{declared.name}: {name}", pip.get(name, ""), version)
        for name, version in sorted(upgrades.items())
        if pip.get(name) != version and name not in solved
    ]
    return tuple(found)


def _document(output: list[str], what: str) -> dict[str, Any]:
    try:
        document = json.loads("\n".join(output))
    except ValueError as error:
        raise FactProcessError(f"{what} gave no answer: {output[-3:]}") from error
    if not isinstance(document, dict):
        raise FactProcessError(f"{what} answered something else: {output[:3]}")
    return document
