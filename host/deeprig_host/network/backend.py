"""Have the written configuration checked, and made true: netplan(8) or systemd-networkd(8)."""

from __future__ import annotations

import re

from deeprig_host.machine.commands import Done, Machine
from deeprig_host.machine.refusal import Refused
from deeprig_host.network.names import CONFIGURATION, NETPLAN, NETWORKD
from deeprig_host.network.order import Order

_NETWORKD = "systemd-networkd.service"
_GENERATE_SECONDS = 60
_RESTART_SECONDS = 90
_RENDERERS = (
    ("/run/systemd/network", "*netplan-*", _NETWORKD),
    ("/run/NetworkManager/system-connections", "netplan-*", "NetworkManager.service"),
)
#: A line of systemd.syntax(7): section, assignment, comment, nothing.
_LINE = re.compile(r"\s*(\[[^\[\]]+\]|[A-Za-z0-9][\w.-]*\s*=.*|[#;].*|)\s*")


def check_tools(machine: Machine, kind: str) -> None:
    """Raise Refused where the host lacks what the kind needs."""
    if kind == NETPLAN and machine.run("netplan", "info").is_missing:
        raise Refused(
            "netplan is not on this host",
            remedy="install the package netplan.io, or declare the host's network for networkd",
        )
    if kind == NETWORKD:
        active = machine.run("systemctl", "is-active", _NETWORKD)
        if not active.is_good:
            raise Refused(
                "systemd-networkd does not run on this host, so its files would do nothing",
                evidence=active.tail(1),
                remedy="enable systemd-networkd.service where it is what configures the network",
            )


def check_order(order: Order) -> None:
    """Raise Refused, with file and line, on a networkd file that networkd would not read.

    networkd itself skips such a line with a warning: a host without its address would be told good.
    """
    for file in order.files if order.kind == NETWORKD else ():
        if not file.path.startswith(CONFIGURATION[NETWORKD]) or file.content is None:
            continue
        goes_on = False
        for number, line in enumerate(file.content.splitlines(), 1):
            if not goes_on and not _LINE.fullmatch(line):
                raise Refused(
                    "a network file has a line that systemd-networkd does not read",
                    evidence=(f"{file.path}:{number}: {line.strip()}",),
                    remedy="see systemd.network(5)",
                )
            goes_on = line.endswith("\\")


def generate(machine: Machine, kind: str) -> Done:
    """Have netplan check its YAML and write what the renderer reads; networkd reads it itself."""
    if kind == NETWORKD:
        return Done(("networkd",), 0)
    return machine.run("netplan", "generate", seconds=_GENERATE_SECONDS)


def apply(
    machine: Machine, kind: str, before: str, devices: tuple[str, ...], seconds: float
) -> Done:
    """Make the written configuration true. ``before`` is the place of the one that was true.

    ``devices`` were deleted or are new: networkd keeps what it knew of a virtual interface until it
    starts anew (networkctl(1), reload; seen with systemd 252: a VLAN of another number, declared
    under the same name, came back with its old one). `netplan apply` only has it reload.
    """
    if kind == NETPLAN:
        if devices and machine.run("systemctl", "is-active", _NETWORKD).is_good:
            done = machine.run("systemctl", "restart", _NETWORKD, seconds=_RESTART_SECONDS)
            if not done.is_good:
                return done
        state = str(machine.path(before))
        return machine.run("netplan", "apply", "--state", state, seconds=seconds)
    if not devices:
        done = machine.run("networkctl", "reload", seconds=seconds)
        if done.is_good:
            return done
    # Also where networkctl has no reload (before systemd 244), or nobody answers it.
    return machine.run("systemctl", "restart", _NETWORKD, seconds=seconds)


def restart_renderers(machine: Machine) -> Done:
    """Restart who reads what netplan's generator wrote: `netplan apply` without its other steps.

    `netplan apply` stops the renderer first and starts it last; where it fails between, the host
    has an address only as long as the kernel keeps it.
    """
    done = machine.run("systemctl", "daemon-reload")
    for directory, pattern, unit in _RENDERERS:
        if any(machine.path(directory).glob(pattern)):
            restarted = machine.run("systemctl", "restart", unit, seconds=_RESTART_SECONDS)
            done = restarted if done.is_good else done
    return done


def reload_units(machine: Machine) -> Done:
    """Have systemd and udev read what netplan's generator has written for them."""
    udev = machine.run("udevadm", "control", "--reload")
    reloaded = machine.run("systemctl", "daemon-reload")
    return reloaded if udev.is_good else udev
