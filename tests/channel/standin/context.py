"""What every command needs to know: the installation, its configuration, the user."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from .condarc import Source, merge, read_sources


@dataclass(frozen=True)
class Context:
    """The installation at `root` as one user sees it. Configuration is read when asked for."""

    root: Path
    environ: Mapping[str, str]

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        return read_sources(self.root, self.environ)

    @cached_property
    def settings(self) -> Mapping[str, Any]:
        return merge(self.sources)

    @property
    def user_folder(self) -> Path:
        """The user's `~/.conda`."""
        return Path(self.environ.get("HOME", "/nonexistent"), ".conda")

    @property
    def envs_dirs(self) -> tuple[Path, ...]:
        """Where names of environments are looked up, and the first writable one is created in."""
        return self._folders("envs_dirs", "envs")

    @property
    def pkgs_dirs(self) -> tuple[Path, ...]:
        """Package caches; the first writable one is used."""
        return self._folders("pkgs_dirs", "pkgs")

    @property
    def active_prefix(self) -> Path | None:
        """The environment activated in the calling shell."""
        value = self.environ.get("CONDA_PREFIX")
        return Path(value) if value else None

    def _folders(self, parameter: str, name: str) -> tuple[Path, ...]:
        configured = [Path(text).expanduser() for text in self.settings[parameter]]
        defaults = [self.root / name, self.user_folder / name]
        # Where root's own directory is read-only, conda turns the last two around.
        ordered = defaults if is_writable(self.root) else defaults[::-1]
        return tuple(dict.fromkeys([*configured, *ordered]))


def get_context() -> Context:
    """Return the context of this process: the prefix of its Python, and its environment."""
    return Context(Path(sys.prefix), dict(os.environ))


def is_writable(path: Path) -> bool:
    """Say whether this user may create or change `path`: the nearest existing parent decides."""
    while not path.exists():
        if path == path.parent:
            return False
        path = path.parent
    return os.access(path, os.W_OK)
