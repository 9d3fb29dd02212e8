"""What a lab's hosts may reach, and whom they must trust: as the controller itself does."""

from __future__ import annotations

import re
import resource
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

from deeprig.lab.commands import run

_PEM = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
#: Number of the capability in capabilities(7).
_CAP_SYS_RESOURCE = 24
_DISTRIBUTED = Path("/usr/share/ca-certificates")
#: pip knows the hosts of its default index; its own constants are asked, none is written here.
_ASK_PIP = (
    "from pip._internal.models.index import PyPI as index;"
    "print(index.netloc, index.file_storage_domain)"
)


def allowed_hosts() -> tuple[str, ...]:
    """Return the hosts of the controller's own apt sources and pip indexes."""
    sources = run(("apt-get", "indextargets", "--format", "$(URI)"), what="listing apt's sources")
    configured = _ask(sys.executable, "-m", "pip", "config", "list")
    words = [*sources.split(), *re.findall(r"https?://[^\s'\"]+", configured)]
    hosts = {urlsplit(word).hostname for word in words}
    hosts.update(_ask(sys.executable, "-c", _ASK_PIP).split())
    return tuple(sorted(host for host in hosts if host))


def source_hosts(image: Path) -> tuple[str, ...]:
    """Return the hosts of an image's own apt sources (mmdebstrap adds the security archive)."""
    files = [image / "etc/apt/sources.list", *(image / "etc/apt/sources.list.d").glob("*")]
    text = "\n".join(file.read_text(encoding="utf-8") for file in files if file.is_file())
    hosts = {urlsplit(url).hostname for url in re.findall(r"https?://\S+", text)}
    return tuple(sorted(host for host in hosts if host))


def extra_certificates(bundle: Path = _BUNDLE, distributed: Path = _DISTRIBUTED) -> tuple[str, ...]:
    """Return the CAs that the controller trusts beyond those its distribution ships."""
    if not bundle.is_file():
        return ()
    known: set[str] = set()
    for file in distributed.rglob("*.crt"):
        known.update(_PEM.findall(file.read_text(encoding="ascii", errors="replace")))
    trusted = _PEM.findall(bundle.read_text(encoding="ascii", errors="replace"))
    return tuple(certificate for certificate in trusted if certificate not in known)


def highest_limits(status: Path = Path("/proc/self/status")) -> dict[str, int]:
    """Return limits that hosts here cannot exceed; empty where they can have any.

    A controller without CAP_SYS_RESOURCE (itself in a container) cannot give it to its hosts.
    """
    line = next(li for li in status.read_text("ascii").splitlines() if li.startswith("CapEff:"))
    if int(line.split()[1], 16) >> _CAP_SYS_RESOURCE & 1:
        return {}
    nofile, memlock = resource.RLIMIT_NOFILE, resource.RLIMIT_MEMLOCK
    limits = {"nofile": resource.getrlimit(nofile)[1], "memlock": resource.getrlimit(memlock)[1]}
    kibibytes = {"memlock": limits["memlock"] // 1024, "nofile": limits["nofile"]}
    return {name: value for name, value in kibibytes.items() if value > 0}


def _ask(*command: str) -> str:
    # A controller without pip has no index to pass on: that is not an error.
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else ""
