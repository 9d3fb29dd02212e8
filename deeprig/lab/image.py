"""Base images: a stock minimal Debian server per release, made once and cached."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deeprig.errors import UsageProblem
from deeprig.lab import cgroups
from deeprig.lab.commands import inside, run
from deeprig.lab.recipe import RELEASES, Recipe, recipe_of

Note = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Image:
    """A base image in the cache. ``was_cached`` says that nothing had to be made."""

    path: Path
    was_cached: bool


def cache_directory() -> Path:
    """Return where images are kept."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base, "deeprig", "images")


def check_os(os_name: str) -> None:
    """Raise UsageProblem when there is no image of that name."""
    if os_name not in RELEASES:
        raise UsageProblem(
            f"there is no image {os_name!r}", place="--os", remedy=f"one of: {', '.join(RELEASES)}"
        )


def image_of(
    os_name: str,
    lab_id: str,
    mirror: str | None = None,
    cache: Path | None = None,
    note: Note = lambda text: None,
) -> Image:
    """Return the image of an operating system, making it when the cache has none.

    What is made for a lab carries the lab's id in its directory's and its cgroup's name, so that
    ``remove_unfinished`` finds it when ``up`` was killed. ``mirror`` replaces the controller's own.
    """
    check_os(os_name)
    recipe = recipe_of(os_name, mirror)
    directory = cache or cache_directory()
    target = directory / f"{os_name}-{recipe.digest}"
    if target.is_dir():
        return Image(target, was_cached=True)
    directory.mkdir(parents=True, exist_ok=True)
    with _only_maker(directory / f".{target.name}.lock", note):
        if target.is_dir():  # another lab made it meanwhile
            return Image(target, was_cached=True)
        note(f"making the base image of {os_name} (once; a minute or two)")
        _make_and_publish(recipe, target, lab_id)
    return Image(target, was_cached=False)


def remove_unfinished(lab_id: str, cache: Path | None = None) -> None:
    """End the programs of a killed ``up`` of this lab, and remove what they left half made."""
    cgroups.end(cgroups.root() / f"{lab_id}.image")
    making = (cache or cache_directory()) / f".making-{lab_id}"
    if making.exists():
        shutil.rmtree(making)


@contextmanager
def _only_maker(lock: Path, note: Note) -> Iterator[None]:
    """Let one process at a time make an image; the kernel ends the lock with its holder."""
    with lock.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            note("waiting for another lab that makes the same base image")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _make_and_publish(recipe: Recipe, target: Path, lab_id: str) -> None:
    remove_unfinished(lab_id, target.parent)
    making = target.parent / f".making-{lab_id}"
    root, scratch = making / "root", making / "tmp"
    scratch.mkdir(parents=True)
    making.chmod(0o755)
    cgroup = cgroups.create(f"{lab_id}.image")
    try:
        # What mmdebstrap mounts lies in a namespace of its own, and ends with it.
        command = ("unshare", "--mount", "--propagation", "private", *recipe.command(root))
        what = f"making the base image of {recipe.release}"
        run(inside(cgroup, command), what=what, environment={"TMPDIR": str(scratch)})
        root.rename(target)
    finally:
        remove_unfinished(lab_id, target.parent)
