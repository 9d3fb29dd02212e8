"""Where the environments are, which one is in use, and which are left over."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from deeprig_host.environment.contents import damages, made_at
from deeprig_host.machine.commands import Machine

BASE = "/opt/deeprig"
#: A link; what runs the programs names it, and so gets whichever environment is in use.
CURRENT = f"{BASE}/environment"
_ALL = f"{BASE}/environments"
#: The wheels that were carried, by their digests.
STORE = f"{BASE}/wheels"
#: Made here, and given its name only when it is complete. One at a time: there is a lock.
_DRAFT = ".making"
#: A name is its digest; one made anew beside a damaged one of the same wheels has a number too.
_NUMBERED = re.compile(r"(?P<digest>[0-9a-f]+)(\.\d+)?")


@dataclass(frozen=True, slots=True)
class Places:
    """The directories of one machine."""

    base: Path
    environments: Path
    store: Path
    link: Path

    @classmethod
    def of(cls, machine: Machine) -> Places:
        """Return those of a machine."""
        return cls(*(machine.path(path) for path in (BASE, _ALL, STORE, CURRENT)))

    @property
    def draft(self) -> Path:
        """Return where an environment is made."""
        return self.environments / _DRAFT

    def directories(self) -> tuple[Path, ...]:
        """Return those that must be root's own: who can write there can run what root will run."""
        return self.base, self.environments, self.store

    def current(self) -> Path | None:
        """Return the environment in use; None where there is no link to one of ours."""
        if not self.link.is_symlink():
            return None
        target = self.environments / self.link.readlink().name
        return target if target.is_dir() else None

    def whole(self, digest: str) -> Path | None:
        """Return a whole environment of this digest, the one in use first."""
        known = [path for path in self._made() if digest_of(path) == digest]
        known.sort(key=lambda path: path != self.current())
        return next((path for path in known if not damages(path)), None)

    def free(self, digest: str) -> Path:
        """Return a path for a new environment of this digest."""
        taken = {path.name for path in self._made()}
        names = (digest, *(f"{digest}.{number}" for number in range(1, len(taken) + 1)))
        return self.environments / next(name for name in names if name not in taken)

    def left_over(self, wheels: tuple[str, ...]) -> tuple[Path, ...]:
        """Return what is neither in use nor the whole one before, nor a wheel in use."""
        current = self.current()
        others = sorted((p for p in self._made() if p != current), key=made_at, reverse=True)
        before = next((path for path in others if not damages(path)), None)
        kept = {f"{wheel}.whl" for wheel in wheels}
        drafts = [self.draft] if self.draft.exists() else []
        stored = sorted(self.store.iterdir()) if self.store.is_dir() else []
        return (
            *drafts,
            *(path for path in others if path != before),
            *(path for path in stored if path.name not in kept),
        )

    def _made(self) -> list[Path]:
        if not self.environments.is_dir():
            return []
        return [path for path in sorted(self.environments.iterdir()) if path.name != _DRAFT]


def digest_of(environment: Path) -> str | None:
    """Return the digest in an environment's name, None for what is not named by us."""
    match = _NUMBERED.fullmatch(environment.name)
    return match["digest"] if match else None


def remove(path: Path) -> None:
    """Remove a file, a link or a directory with all that is in it."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
