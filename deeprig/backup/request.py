"""What is asked of the backup program of a host: its words, never a secret among them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from deeprig.errors import UsageProblem

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,62}")
_SNAPSHOT = re.compile(r"latest|[0-9a-f]{4,64}")
Overwrite = Literal["newer", "never", "all"]
#: By what files find their owners where a user's number is another's: see docs/backup-rebuild.md.
Owners = Literal["numbers", "names"]


@dataclass(frozen=True, slots=True)
class Request:
    """A command of the host's program. ``is_long``: it goes on when the connection ends."""

    command: str
    words: tuple[str, ...]
    is_long: bool = False

    @property
    def remote(self) -> tuple[str, ...]:
        """Return the words for the host's program."""
        if self.is_long:
            return ("begin", *self.words)
        return (*self.words, "--json")

    def with_words(self, *words: str) -> Request:
        """Return it with further words."""
        return replace(self, words=(*self.words, *words))


@dataclass(frozen=True, slots=True)
class RestoreWish:
    """What is to be restored of which snapshot, where to, and over what."""

    paths: tuple[str, ...] = ()
    user: str | None = None
    is_all: bool = False
    repository: str | None = None
    snapshot: str = "latest"
    of_host: str | None = None
    target: str = "/"
    overwrite: Overwrite = "newer"
    is_dry_run: bool = False


@dataclass(frozen=True, slots=True)
class RebuildWish:
    """Which dead machine a new one shall become, and how."""

    of_host: str
    repository: str | None = None
    snapshot: str = "latest"
    overwrite: Overwrite = "newer"
    owners: Owners = "numbers"
    etc: tuple[str, ...] = ()
    has_packages: bool = False
    is_dry_run: bool = False


def run_request(command: str, repositories: tuple[str, ...], wait_minutes: float = 0.0) -> Request:
    """Return the request of ``run``, ``check`` or ``drill``."""
    waiting = (f"--wait={wait_minutes * 60:g}",) if wait_minutes else ()
    return Request(command, (command, *_repositories(repositories), *waiting), is_long=True)


def ask_request(command: str, repositories: tuple[str, ...]) -> Request:
    """Return the request of ``list``, ``status`` or ``newest``."""
    return Request(command, (command, *_repositories(repositories)))


def restore_request(wish: RestoreWish) -> Request:
    """Return the request of a restore. Raise UsageProblem for what cannot be one."""
    _check(wish)
    words = [f"--include={path}" for path in wish.paths]
    words += [f"--user={wish.user}"] if wish.user else []
    words += ["--all"] if wish.is_all else []
    words += [f"--snapshot={wish.snapshot}"]
    words += [f"--host={wish.of_host}"] if wish.of_host else []
    words += [f"--target={wish.target}", f"--overwrite={wish.overwrite}"]
    words += ["--dry-run"] if wish.is_dry_run else []
    repository = (wish.repository,) if wish.repository else ()
    command = ("restore", *_repositories(repository), *words)
    # Looking changes nothing: it need not outlive anybody.
    return Request("restore", command, is_long=not wish.is_dry_run)


def rebuild_request(wish: RebuildWish) -> Request:
    """Return the request of a rebuild. Raise UsageProblem for what cannot be one."""
    for path in wish.etc:
        _check_path(path)
    _check_snapshot(wish.snapshot)
    _check_name("--from", wish.of_host)
    words = [f"--from={wish.of_host}", f"--snapshot={wish.snapshot}"]
    words += [f"--overwrite={wish.overwrite}", f"--owners={wish.owners}"]
    words += [f"--etc={path}" for path in wish.etc]
    words += ["--packages"] if wish.has_packages else []
    words += ["--dry-run"] if wish.is_dry_run else []
    repository = (wish.repository,) if wish.repository else ()
    command = ("rebuild", *_repositories(repository), *words)
    return Request("rebuild", command, is_long=not wish.is_dry_run)


def _check(wish: RestoreWish) -> None:
    if not (wish.paths or wish.user or wish.is_all):
        raise UsageProblem(
            "nothing to restore is named", remedy="name PATHs, or give --user NAME or --all"
        )
    if wish.is_all and (wish.paths or wish.user):
        raise UsageProblem("--all is everything: leave out what is named beside it")
    for path in (*wish.paths, wish.target):
        _check_path(path)
    _check_snapshot(wish.snapshot)
    for option, name in (("--user", wish.user), ("--from", wish.of_host)):
        _check_name(option, name)


def _check_path(path: str) -> None:
    if not path.startswith("/") or ".." in path.split("/") or "\0" in path:
        raise UsageProblem(
            f"{path!r} is no absolute path",
            remedy="give the path as it is on the host: /home/ada/thesis",
        )


def _check_snapshot(snapshot: str) -> None:
    if not _SNAPSHOT.fullmatch(snapshot):
        raise UsageProblem(
            f"{snapshot!r} is no snapshot",
            place="--snapshot",
            remedy="`deeprig backup list` shows their ids",
        )


def _repositories(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        _check_name("--repository", name)
    return tuple(f"--repository={name}" for name in names)


def _check_name(option: str, name: str | None) -> None:
    if name is not None and not _NAME.fullmatch(name):
        raise UsageProblem(f"{name!r} is no name", place=option)
