"""The real packages of the suite's archive: downloaded once by a stock host, and kept."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from deeprig.lab.state import BRIDGE_ADDRESS, PROXY_PORT, LabState
from tests.e2e.faults.fault_lab import FURTHER, HOST, PACKAGES

CACHE = Path.home() / ".cache" / "deeprig" / "faults"
#: What base and maintenance install beside the declared packages.
_OF_ROLES = ("ca-certificates", "sudo", "unattended-upgrades", "logrotate")
#: What makes a clock wrong for the programs of one host.
_OF_TESTS = ("libfaketime",)
#: A stock host has these; a test takes them away, and unattended-upgrades brings them back.
PYTHON = (
    *("python3", "python3-minimal", "python3.11", "python3.11-minimal"),
    *("libpython3-stdlib", "libpython3.11-stdlib", "libpython3.11-minimal"),
)
_DOWNLOADED = "/var/cache/apt/archives"


def debs(state: LabState, ssh: Callable[[str], str]) -> Path:
    """Return a directory of .debs: everything a stock host lacks of the suite's packages.

    ``ssh`` runs a command as root on the host, whose apt knows its distribution's archive.
    """
    wanted = (*_OF_ROLES, *_OF_TESTS, *PACKAGES, FURTHER)
    image = Path(state.host(HOST).image).name
    digest = hashlib.sha256(" ".join((image, *wanted, *PYTHON)).encode()).hexdigest()[:12]
    target = CACHE / f"debs-{digest}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            _download(ssh, wanted)
            kept = state.machine(HOST) / "upper" / _DOWNLOADED.lstrip("/")
            part = target.with_suffix(".part")
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
            for deb in kept.glob("*.deb"):
                shutil.copy2(deb, part / _plain(deb))
            part.rename(target)
    return target


def _download(ssh: Callable[[str], str], wanted: tuple[str, ...]) -> None:
    proxy = f"http://{BRIDGE_ADDRESS}:{PROXY_PORT}"
    apt = f"apt-get -qq -o Acquire::http::Proxy={proxy} -o Acquire::https::Proxy={proxy}"
    ssh(f"{apt} update")
    install = f"{apt} -y --no-install-recommends --download-only install"
    ssh(f"{install} {' '.join(wanted)}")
    ssh(f"{install} --reinstall {' '.join(PYTHON)}")


def _plain(deb: Path) -> str:
    """Return a file name without the epoch, which apt writes as %3a."""
    query = ["dpkg-deb", "--show", "--showformat=${Package} ${Version} ${Architecture}", str(deb)]
    done = subprocess.run(query, capture_output=True, text=True, check=True)
    name, version, architecture = done.stdout.split()
    return f"{name}_{version.rpartition(':')[2]}_{architecture}.deb"
