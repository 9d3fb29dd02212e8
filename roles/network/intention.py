"""What a run is to do with a host's network: nothing, or one change, or a refusal."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deeprig.errors import DeclarationRefused, Problem
from roles.network.earlier_files import EarlierFiles, earlier_files
from roles.network.host_network import HostNetwork
from roles.network.management import Lost, Reached, Replaced, judge
from roles.network.matching import host_faults
from roles.network.netplan import (
    CLOUD_INIT_PATH,
    CLOUD_INIT_TEXT,
    NETPLAN_MODE,
    NETPLAN_PATH,
    render,
)
from roles.network.settings import NetworkSettings


@dataclass(frozen=True, slots=True)
class WantedFile:
    """A file as it shall be; ``content`` None where it shall not be there."""

    path: str
    content: str | None
    mode: str = NETPLAN_MODE


@dataclass(frozen=True, slots=True)
class Intention:
    """``files`` are those that differ, none when all is as declared. ``new_address`` None: kept.

    ``notes`` are for the report.
    """

    files: tuple[WantedFile, ...]
    new_address: str | None = None
    notes: tuple[str, ...] = ()


def intend(
    host_name: str,
    settings: NetworkSettings,
    observed: Mapping[str, Any],
    host: HostNetwork,
    reached: Reached | None,
) -> Intention:
    """Return what to do. Raise DeclarationRefused, with every reason, where it must not be done.

    ``reached`` None: the connection does not come in over the host's network (the controller
    provisions itself), so that it cannot be lost.
    """
    problems = [fault.problem(host_name) for fault in host_faults(settings, host)]
    if not observed["has_netplan"]:
        problems.append(_no_netplan(host_name))
    earlier = earlier_files(settings, host, observed["netplan_files"], NETPLAN_PATH)
    problems += [fault.problem(host_name) for fault in earlier.faults]
    if problems:
        raise DeclarationRefused(tuple(problems))
    rendering = render(settings, host)
    files = _files(settings, observed, earlier, rendering.text)
    notes = (*rendering.notes, *(_unknown(path) for path in earlier.unknown))
    if not files:
        return Intention((), notes=notes)
    new_address = None
    if reached is not None:
        verdict = judge(host_name, settings, host, reached)
        if isinstance(verdict, Lost):
            raise DeclarationRefused((verdict.problem,))
        if isinstance(verdict, Replaced):
            new_address = verdict.new
            notes += (f"the host moves from {verdict.old} to {verdict.new}",)
        else:
            notes += (f"{verdict.address} stays: {verdict.reason}",)
    return Intention(files, new_address, notes)


def _files(
    settings: NetworkSettings, observed: Mapping[str, Any], earlier: EarlierFiles, text: str
) -> tuple[WantedFile, ...]:
    """Return the files that differ from what the host has."""
    there = {file["path"]: file for file in observed["netplan_files"]}
    wanted = [WantedFile(NETPLAN_PATH, text)]
    wanted += [WantedFile(path, None) for path in earlier.removed]
    cloud_init = observed["cloud_init"]
    if (
        settings.disable_cloud_init
        and cloud_init["is_installed"]
        and not (cloud_init["is_network_disabled"] or cloud_init["is_disabled"])
    ):
        wanted.append(WantedFile(CLOUD_INIT_PATH, CLOUD_INIT_TEXT, "644"))
    return tuple(file for file in wanted if _differs(file, there.get(file.path)))


def _differs(wanted: WantedFile, found: Mapping[str, Any] | None) -> bool:
    if wanted.content is None or found is None:
        return wanted.content is not None or found is not None
    digest = hashlib.sha256(wanted.content.encode()).hexdigest()
    return bool(found["sha256"] != digest or found["mode"] != wanted.mode)


def _no_netplan(host_name: str) -> Problem:
    return Problem(
        f"{host_name}: network",
        "netplan is not on this host, and the role describes the network to it",
        "add netplan.io to base.packages, apply that first (--role base), and take what "
        "/etc/systemd/network or /etc/network/interfaces says of these interfaces away",
    )


def _unknown(path: str) -> str:
    return f"{path}: what it configures could not be read, so it stays"
