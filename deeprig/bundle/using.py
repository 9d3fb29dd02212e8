"""Use a bundle for a run: hosts have everything from it, and so has the controller itself."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from pyinfra.connectors.ssh import SSHConnector

from deeprig import __version__
from deeprig.bundle.authority import Authority
from deeprig.bundle.checking import check_whole
from deeprig.bundle.contents import Bundle, opened
from deeprig.bundle.model import Manifest
from deeprig.bundle.proxy import USER, Replay, replaying
from deeprig.bundle.room import shown_size
from deeprig.bundle.through import led_through
from deeprig.errors import UsageProblem
from deeprig.inventory.load import Lab
from deeprig.inventory.model import DeclaredHost
from deeprig.transport.choice import use_connector

Note = Callable[[str], None]
#: What requests and pip on the controller go by (their documented variables).
_PROXIES = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "no_proxy", "NO_PROXY")
_CERTIFICATES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT")


@dataclass(frozen=True, slots=True)
class InUse:
    """A bundle in use. ``lab`` is the one to run with."""

    lab: Lab
    manifest: Manifest
    replay: Replay

    @property
    def lacked(self) -> tuple[str, ...]:
        """Return what was asked for by now, and is not in the bundle."""
        return tuple(sorted(self.replay.lacked))


@contextmanager
def in_use(lab: Lab, path: Path, note: Note) -> Iterator[InUse]:
    """Have the lab's hosts, and this process, get everything from a bundle; proven whole first.

    Raise UsageProblem or DeeprigError where it cannot be used; nobody was contacted then.
    """
    with ExitStack() as stack:
        bundle = stack.enter_context(opened(path))
        note(f"bundle: checking {shown_size(bundle.manifest.size_bytes)}")
        check_whole(bundle)
        _tell_differences(bundle.manifest, lab, note)
        made = stack.enter_context(tempfile.TemporaryDirectory(prefix="deeprig-bundle-"))
        directory = Path(made)
        authority = Authority(directory)
        replay = stack.enter_context(replaying(bundle.manifest.files, bundle.open, authority))
        certificate = directory / "authority.pem"
        certificate.write_text(authority.pem, encoding="ascii")
        stack.enter_context(_environment(_of_controller(replay, certificate)))
        wheels = _write_wheels(bundle, directory / "wheels")
        for host in lab.inventory:
            use_connector(host)
            if not issubclass(host.connector_cls, SSHConnector):
                raise UsageProblem("a bundle comes through SSH connections", place=host.name)
            stack.enter_context(led_through(host, replay))
        yield InUse(_with_wheels(lab, wheels), bundle.manifest, replay)


def _tell_differences(manifest: Manifest, lab: Lab, note: Note) -> None:
    """Say what may be lacked: hosts that it was not made for, another deeprig."""
    known = {host.name for host in manifest.hosts}
    others = [host.name for host in lab.hosts if host.name not in known]
    note(f"bundle: made {manifest.made} for {', '.join(sorted(known))}")
    if others:
        note(f"bundle: it was not made for {', '.join(others)}: what only they need is not in it")
    if manifest.version != __version__:
        note(f"bundle: made by deeprig {manifest.version}; this is {__version__}")


def _of_controller(replay: Replay, certificate: Path) -> dict[str, str]:
    token = secrets.token_hex(16)
    replay.admit(token)
    proxy = f"http://{USER}:{token}@127.0.0.1:{replay.port}"
    proxies = {name: "" if name.lower() == "no_proxy" else proxy for name in _PROXIES}
    return proxies | dict.fromkeys(_CERTIFICATES, str(certificate))


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Have variables of this process for a while."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _write_wheels(bundle: Bundle, directory: Path) -> Path:
    """Write the wheels of our own programs where a lab may have them (program_wheels)."""
    directory.mkdir()
    for file in bundle.manifest.files:
        if file.kind == "program-wheel":
            with bundle.open(file) as content, (directory / file.name).open("wb") as target:
                shutil.copyfileobj(content, target)
    return directory


def _with_wheels(lab: Lab, wheels: Path) -> Lab:
    return replace(lab, hosts=tuple(_host_with_wheels(host, wheels) for host in lab.hosts))


def _host_with_wheels(host: DeclaredHost, wheels: Path) -> DeclaredHost:
    network = host.settings.network_access.model_copy(update={"program_wheels": wheels})
    settings = host.settings.model_copy(update={"network_access": network})
    return replace(host, settings=settings)
