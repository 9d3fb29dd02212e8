"""What a lab's hosts may reach, and whom they must trust: as the controller itself does."""

from __future__ import annotations

import html
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from deeprig.lab.commands import run

_PEM = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
#: Number of the capability in capabilities(7).
_CAP_SYS_RESOURCE = 24
_DISTRIBUTED = Path("/usr/share/ca-certificates")
#: pip knows the hosts of its default index; its own constants are asked, none is written here.
_DEFAULT_INDEX = (
    "from pip._internal.models.index import PyPI as index;"
    "print(index.netloc, index.file_storage_domain)"
)
#: Every index has this project; its page tells where the index keeps files.
_LISTED = "pip"
_INDEX_SECONDS = 10


def allowed_hosts(note: Callable[[str], None] = lambda text: None) -> tuple[str, ...]:
    """Return the hosts of the controller's own apt sources and pip indexes."""
    sources = run(("apt-get", "indextargets", "--format", "$(URI)"), what="listing apt's sources")
    indexes = index_urls(_ask_pip("-m", "pip", "config", "list"))
    hosts = {urlsplit(url).hostname for url in (*sources.split(), *indexes)}
    hosts.update(_ask_pip("-c", _DEFAULT_INDEX).split())
    for index in indexes:
        hosts.update(_file_hosts(index, note))
    return tuple(sorted(host for host in hosts if host))


def index_urls(configured: str) -> tuple[str, ...]:
    """Return the indexes that hosts could reach too, from `pip config list`."""
    values = re.findall(r"^\S*\b(?:extra-)?index-url='([^']*)'", configured, re.MULTILINE)
    urls = " ".join(values).replace("\\n", " ").split()
    return tuple(url for url in urls if url.startswith(("http://", "https://")))


def linked_hosts(page: str, url: str) -> frozenset[str]:
    """Return the hosts that an index page links to: where the index keeps its files."""
    links = re.findall(r"""href\s*=\s*["']([^"']+)["']""", page, re.IGNORECASE)
    hosts = {urlsplit(urljoin(url, html.unescape(link))).hostname for link in links}
    return frozenset(host for host in hosts if host)


def _file_hosts(index: str, note: Callable[[str], None]) -> frozenset[str]:
    import requests

    url = f"{index.rstrip('/')}/{_LISTED}/"
    try:
        page = requests.get(url, timeout=_INDEX_SECONDS)
        page.raise_for_status()
    except requests.RequestException as error:
        # An index that is down now, or private, keeps no lab from coming up.
        told = f"where {urlsplit(index).hostname} keeps its files is not known"
        note(f"{told} ({type(error).__name__}); lab up --allow-host adds hosts")
        return frozenset()
    return linked_hosts(page.text, page.url)


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


def _ask_pip(*arguments: str) -> str:
    """Return what a Python with pip answers; empty where there is none: no index to pass on."""
    for python in (sys.executable, shutil.which("python3") or sys.executable):
        done = subprocess.run((python, *arguments), capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return done.stdout
    return ""
