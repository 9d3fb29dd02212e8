"""A root file system with DKMS and the headers of Debian's cloud kernel, made once by mmdebstrap.

It is where prebuilt modules are compiled when a test has no lab image at hand, and where the
contract tests install driver packages for real. No kernel runs from it.
"""

from __future__ import annotations

import fcntl
import hashlib
import subprocess
from pathlib import Path

from tests.sim.repository.prebuilt import KernelRoot

DEFAULT_CACHE = Path.home() / ".cache" / "deeprig" / "sim" / "roots"
PACKAGES = ("apt", "dkms", "linux-headers-cloud-amd64", "kmod", "python3")


class RootFailed(Exception):
    """mmdebstrap failed; the message is the end of its output."""


def kernel_root(suite: str = "bookworm", cache: Path = DEFAULT_CACHE) -> KernelRoot:
    """Return the root of a Debian suite, making it on first use (half a minute; needs root).

    Raise RootFailed. To have a newer kernel's headers, remove the directory.
    """
    cache.mkdir(parents=True, exist_ok=True)
    contents = hashlib.sha256(" ".join(PACKAGES).encode()).hexdigest()[:8]
    target = cache / f"{suite}-{contents}"
    with (cache / f"{target.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            _make(suite, target)
    return KernelRoot(target, _release_of(target))


def _make(suite: str, target: Path) -> None:
    unfinished = target.with_suffix(".unfinished")
    subprocess.run(["rm", "-rf", "--one-file-system", str(unfinished)], check=True)
    command = ["mmdebstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}"]
    done = subprocess.run(
        [*command, suite, str(unfinished)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RootFailed(done.stderr[-2000:])
    unfinished.rename(target)


def _release_of(root: Path) -> str:
    directories = sorted((root / "usr/src").glob("linux-headers-*-cloud-amd64"))
    if not directories:
        raise RootFailed(f"{root} has no headers of a cloud kernel")
    return directories[-1].name.removeprefix("linux-headers-")
