"""Where environments are: their directories, names and conda's list of them."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .condarc import Condarc, load
from .errors import CondaError, not_an_environment

ROOT = Path(sys.prefix)


def is_environment(prefix: Path) -> bool:
    """Return whether a directory is a conda environment: conda made a history there."""
    return (prefix / "conda-meta" / "history").is_file()


def require_environment(prefix: Path) -> Path:
    """Return the prefix. Raises EnvironmentLocationNotFound where there is none."""
    if not is_environment(prefix):
        raise not_an_environment(prefix)
    return prefix


def require_writable(prefix: Path) -> None:
    """Raise EnvironmentNotWritableError unless this user may change the prefix."""
    existing = next(path for path in (prefix, *prefix.parents) if path.exists())
    if not os.access(existing, os.W_OK | os.X_OK):
        raise CondaError(
            "EnvironmentNotWritableError",
            "The current user does not have write permissions to the target environment.\n"
            f"  environment location: {prefix}\n  uid: {os.geteuid()}\n  gid: {os.getegid()}\n",
        )


@dataclass(frozen=True, slots=True)
class Session:
    """What every command needs: the installation, its configuration, this user."""

    root: Path
    condarc: Condarc
    environ: Mapping[str, str]

    @property
    def home(self) -> Path:
        return Path(self.environ.get("HOME", "/"))

    @property
    def envs_dirs(self) -> tuple[Path, ...]:
        return tuple(Path(str(path)).expanduser() for path in self.condarc.value("envs_dirs"))

    @property
    def package_cache(self) -> Path:
        """Return the first package directory that this user may write."""
        for name in self.condarc.value("pkgs_dirs"):
            path = Path(str(name)).expanduser()
            existing = next(p for p in (path, *path.parents) if p.exists())
            if os.access(existing, os.W_OK | os.X_OK):
                return path
        raise CondaError("NoWritablePkgsDirError", "No writable pkgs directories configured.\n")

    def named(self, name: str) -> Path:
        """Return an existing environment's prefix. Raises EnvironmentNameNotFound."""
        if name in ("base", "root"):
            return self.root
        for folder in self.envs_dirs:
            if is_environment(folder / name):
                return folder / name
        raise CondaError(
            "EnvironmentNameNotFound",
            f"Could not find conda environment: {name}\n"
            "You can list all discoverable environments with `conda info --envs`.\n",
        )

    def place_for(self, name: str) -> Path:
        """Return where a new environment of this name goes: the first writable directory."""
        if "/" in name:
            raise CondaError("CondaValueError", f"Environment names may hold no slash: {name}")
        for folder in self.envs_dirs:
            existing = next(p for p in (folder, *folder.parents) if p.exists())
            if os.access(existing, os.W_OK | os.X_OK):
                return folder / name
        raise CondaError("NoWritableEnvsDirError", "No writable envs directories configured.\n")

    @property
    def registry(self) -> Path:
        return self.home / ".conda" / "environments.txt"

    def register(self, prefix: Path) -> None:
        """Note an environment in ~/.conda/environments.txt, where this user has a home."""
        known = self.registered()
        if prefix in known or prefix == self.root:
            return
        self._write_registry([*known, prefix])

    def unregister(self, prefix: Path) -> None:
        """Forget an environment."""
        self._write_registry([path for path in self.registered() if path != prefix])

    def _write_registry(self, prefixes: list[Path]) -> None:
        existing = next(p for p in (self.registry, *self.registry.parents) if p.exists())
        if not os.access(existing, os.W_OK):
            return  # as conda: a user without a home has no list, and needs none
        self.registry.parent.mkdir(parents=True, exist_ok=True)
        self.registry.write_text("".join(f"{path}\n" for path in prefixes), encoding="utf-8")

    def registered(self) -> list[Path]:
        """Return the noted environments that still exist."""
        if not os.access(self.registry, os.R_OK):
            return []
        lines = self.registry.read_text(encoding="utf-8").split("\n")
        return [Path(line) for line in lines if line and is_environment(Path(line))]

    def environments(self) -> tuple[Path, ...]:
        """Return base, then every environment in the named directories and the list."""
        found = [self.root]
        for folder in self.envs_dirs:
            if os.access(folder, os.R_OK | os.X_OK):
                found += [path for path in sorted(folder.iterdir()) if is_environment(path)]
        return tuple(dict.fromkeys([*found, *self.registered()]))

    def name_of(self, prefix: Path) -> str:
        """Return an environment's name, or "" for one outside the named directories."""
        if prefix == self.root:
            return "base"
        return prefix.name if prefix.parent in self.envs_dirs else ""


def open_session() -> Session:
    """Return the session of this process."""
    return Session(ROOT, load(ROOT, os.environ), os.environ)
