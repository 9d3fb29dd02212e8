"""Changes to an environment's files around rattler's: modes, clearing up, removal."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .prefixes import is_environment


@contextmanager
def all_or_nothing(prefix: Path) -> Iterator[None]:
    """Clear a prefix that was no environment when the block fails in it.

    rattler writes conda-meta/history first: what a failed link left would look like an
    environment. An environment that was there before stays as far as the link came.
    """
    was_environment = is_environment(prefix)
    existed = prefix.exists()
    before = set(prefix.iterdir()) if existed else set()
    try:
        yield
    except BaseException:
        if not was_environment and prefix.exists():
            _clear(prefix, keep=before)
            if not existed:
                prefix.rmdir()
        raise


def _clear(prefix: Path, keep: set[Path]) -> None:
    for path in set(prefix.iterdir()) - keep:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def set_modes(prefix: Path) -> None:
    """Give scripts and records conda's modes; rattler's differ from them."""
    for script in (prefix / "bin").glob("*"):
        if script.is_file() and not script.is_symlink():
            script.chmod(script.stat().st_mode & ~0o022)  # conda makes none group-writable
    for record in (prefix / "conda-meta").glob("*.json"):
        record.chmod(0o644)  # rattler: 0600, and no other user could list the environment


def remove_environment(prefix: Path) -> None:
    """Remove a whole environment.

    As conda, which first unlinks the packages: of an environment that is a symbolic link
    the packages' files go where it points to, then the link; its directory stays.
    """
    if not prefix.is_symlink():
        shutil.rmtree(prefix)
        return
    for record in sorted((prefix / "conda-meta").glob("*.json")):
        for name in json.loads(record.read_text(encoding="utf-8"))["files"]:
            (prefix / name).unlink(missing_ok=True)
        record.unlink()
    prefix.unlink()
