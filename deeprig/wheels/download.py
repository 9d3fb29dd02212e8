"""Fetch locked wheels once into a cache, with the pip and the indexes of this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
from functools import cache
from pathlib import Path

from deeprig.errors import DeeprigError
from deeprig.wheels.directory import find_wheel
from deeprig.wheels.lock import LockedWheel

#: Of the HOST's machine, never the controller's: the oldest glibc that each locked wheel is for.
_PLATFORMS = {"x86_64": "manylinux2014_x86_64", "aarch64": "manylinux2014_aarch64"}
_OLDEST_PYTHON = "3.10"
#: pip's own tries; what it cannot have is told within a minute, not after five.
_NETWORK = ("--retries", "2", "--timeout", "15")
_LIMIT_SECONDS = 600
_SHOWN_LINES = 8
_AIR_GAP = "or name a directory of wheels (network_access.program_wheels): docs/host-programs.md"


def cache_directory() -> Path:
    """Return where fetched wheels are kept."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base, "deeprig", "wheels")


def fetch_wheel(wheel: LockedWheel, machine: str, directory: Path | None = None) -> Path:
    """Return a local copy of a wheel for a machine (``uname -m``), fetched when there is none.

    ``directory`` is where it is kept; default: deeprig's cache.

    Raise DeeprigError, leaving nothing behind, when it cannot be had or is another.
    """
    kept = directory or cache_directory()
    with _one_at_a_time():
        return find_wheel(kept, wheel) or _fetch(wheel, machine, kept)


@cache
def _one_at_a_time() -> threading.Lock:
    """Return a lock: of a lab's many hosts the first has a wheel fetched, the others find it.

    Made when it is needed, as by then gevent has made threads cooperative: a lock of before would
    stop the greenlets of all hosts.
    """
    return threading.Lock()


def _fetch(wheel: LockedWheel, machine: str, directory: Path) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory, prefix="part-") as part:
        _download(wheel, machine, Path(part))
        fetched = find_wheel(Path(part), wheel)
        if fetched is None:
            raise DeeprigError(
                f"pip fetched another file than the locked one ({wheel.sha256})",
                place=_place(wheel),
                remedy=f"look at this machine's pip configuration (pip config list), {_AIR_GAP}",
            )
        return fetched.rename(directory / fetched.name)


def find_pip() -> tuple[str, ...]:
    """Return the words that start a pip. Raise DeeprigError where this machine has none.

    deeprig's own environment may have none (pipx): then it is the machine's.
    """
    python3 = shutil.which("python3") or sys.executable
    candidates = ((sys.executable, "-m", "pip"), (python3, "-m", "pip"), ("pip3",))
    for words in candidates:
        if shutil.which(words[0]) is None:
            continue
        done = subprocess.run((*words, "--version"), capture_output=True, check=False)
        if done.returncode == 0:
            return words
    raise DeeprigError(
        "this machine has no pip to fetch the host programs' wheels with",
        remedy=f"install one (apt install python3-pip), {_AIR_GAP}",
    )


def _download(wheel: LockedWheel, machine: str, into: Path) -> None:
    if machine not in _PLATFORMS:
        raise DeeprigError(
            f"there are no locked wheels for {machine}",
            place=_place(wheel),
            remedy=f"leave the roles out that need them; known: {', '.join(_PLATFORMS)}",
        )
    requirements = into / "requirements.txt"
    requirements.write_text(wheel.requirement + "\n", encoding="utf-8")
    target = ("--platform", _PLATFORMS[machine], "--python-version", _OLDEST_PYTHON)
    kind = ("--implementation", "cp", "--abi", "abi3", "--abi", "none")
    exactly = ("--require-hashes", "--only-binary", ":all:", "--no-deps", *target, *kind)
    quiet = ("--quiet", "--disable-pip-version-check", "--no-input", *_NETWORK)
    words = (*find_pip(), "download", *quiet, *exactly)
    try:
        done = subprocess.run(
            (*words, "--dest", str(into), "--requirement", str(requirements)),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_LIMIT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _not_fetched(wheel, f"pip did not end within {_LIMIT_SECONDS} s") from error
    if done.returncode != 0:
        raise _not_fetched(wheel, done.stderr or done.stdout)


def _not_fetched(wheel: LockedWheel, told: str) -> DeeprigError:
    """Return the error; pip masks the passwords of its indexes itself."""
    lines = [line for line in told.splitlines() if line.strip()][-_SHOWN_LINES:]
    if "DO NOT MATCH THE HASHES" in told:
        return DeeprigError(
            f"what pip was given is not the locked wheel:\n{_indented(lines)}",
            place=_place(wheel),
            remedy="a mirror or proxy may have changed it; compare with another network, "
            + _AIR_GAP,
        )
    return DeeprigError(
        f"pip cannot fetch it:\n{_indented(lines)}",
        place=_place(wheel),
        remedy=f"check this machine's network and pip configuration (pip config list), {_AIR_GAP}",
    )


def _indented(lines: list[str]) -> str:
    return "\n".join(f"  {line}" for line in lines)


def _place(wheel: LockedWheel) -> str:
    return f"the wheel of {wheel.project} {wheel.version}"
