"""Make a bundle: ask the hosts, fetch what they need, and only then give it its name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from deeprig import __version__
from deeprig.bundle.apt_part import AptRequest, add_apt
from deeprig.bundle.asking import HostNeeds, ask_hosts, by_apt
from deeprig.bundle.conda_part import add_conda, check_locked
from deeprig.bundle.model import BundleHost, Manifest
from deeprig.bundle.nvidia_part import with_nvidia_key
from deeprig.bundle.packing import check_output, place
from deeprig.bundle.pip_part import ShownPages
from deeprig.bundle.programs_part import add_lab_files, add_programs
from deeprig.bundle.store import Store
from deeprig.engine.progress import Progress
from deeprig.inventory.load import Lab
from deeprig.selection import Selection


@dataclass(frozen=True, slots=True)
class BundleRequest:
    """What a bundle is to hold. ``packages`` are wanted beyond what roles ask for; ``upgrades``
    adds the newest version of everything that a host has installed."""

    output: Path
    selection: Selection
    packages: tuple[str, ...] = ()
    upgrades: bool = False
    sudo_password: str | None = None


@dataclass(frozen=True, slots=True)
class Telling:
    """How a person follows it: lines, and the number of bytes that came."""

    progress: Progress
    note: Callable[[str], None]
    came: Callable[[int], None]


def make_bundle(lab: Lab, request: BundleRequest, telling: Telling) -> Manifest:
    """Make the bundle at ``output`` and return its manifest.

    Raise UsageProblem, HostUnreachable or DeeprigError; what was fetched by then is kept beside
    ``output`` in a directory ``*.unfinished``, and the next attempt goes on with it.
    """
    output = request.output
    check_output(output)
    needs = ask_hosts(lab, request.selection, telling.progress, request.sudo_password)
    check_locked(needs)
    store = Store(output.with_name(f"{output.name}.unfinished"), telling.came)
    with store.held():
        _fill(store, lab, needs, request, telling.note)
        manifest = Manifest(_now(), __version__, tuple(map(_host, needs)), store.files)
        telling.note("writing it")
        store.finish(manifest)
        place(store.directory, manifest, output)
        if store.directory.exists():
            store.discard()
    return manifest


def _fill(
    store: Store,
    lab: Lab,
    needs: tuple[HostNeeds, ...],
    request: BundleRequest,
    note: Callable[[str], None],
) -> None:
    needs = tuple(with_nvidia_key(store, host) for host in needs)
    wanted = AptRequest(lab.content.file("host"), request.packages, request.upgrades)
    for group in by_apt(needs):
        add_apt(store, group, wanted, note)
    pages = ShownPages()
    for host in needs:
        if "conda" in host.roles:
            add_conda(store, pages, host, note)
        note(f"programs and files of the lab for {host.name}")
        add_programs(store, lab, host)
        add_lab_files(store, lab, host)
    pages.write(store)


def _host(needs: HostNeeds) -> BundleHost:
    facts = needs.facts
    return BundleHost(
        needs.name, facts.distribution, facts.release, facts.architecture, needs.roles
    )


def _now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
