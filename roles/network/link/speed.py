"""Whether each Ethernet interface negotiated the speed that was declared, in full duplex.

Source: /sys/class/net/*/speed and duplex (Documentation/ABI/testing/sysfs-class-net): the speed is
in Mbit/s, -1 where the driver does not know; reading it answers EINVAL without a link.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from roles.network.devices import Ethernet
from roles.network.link.asking import Asked, said
from roles.network.link.finding import Finding
from roles.network.link.meant import Meant
from roles.network.link.reading import Link

_CAUSE = "look at the cable, the port of the switch and its settings"


def speed_findings(
    host: Asked, meant: tuple[Meant, ...], links: Mapping[str, Link]
) -> Iterator[Finding]:
    """Yield speed and duplex of every Ethernet interface to judge.

    Without a declared speed only half duplex is a fault: a virtual interface tells neither.
    """
    for device in meant:
        if not isinstance(device.device, Ethernet):
            continue
        wanted = device.device.expected_speed_mbps
        for link in device.links(links):
            if wanted is not None:
                yield _speed(host, device.key, link, wanted)
            duplex = host.run("cat /sys/class/net/%s/duplex", link.name)
            told = duplex.stdout.strip() if duplex.rc == 0 else ""
            if wanted is not None or told == "half":
                yield _duplex(device.key, link, told, duplex.stderr.strip())


def _speed(host: Asked, key: str, link: Link, wanted: int) -> Finding:
    name = f"{key}: at least {wanted} Mbit/s"
    done = host.run("cat /sys/class/net/%s/speed", link.name)
    try:
        speed = int(done.stdout) if done.rc == 0 else None
    except ValueError:
        speed = None
    if speed is None or speed <= 0:
        reason = "the driver knows no speed" if speed is not None else said(done)
        return Finding(name, None, f"{link.name}: {reason}; {link.state}")
    is_good = speed >= wanted
    return Finding(
        name, is_good, f"{link.name}: {speed} Mbit/s" + ("" if is_good else f": {_CAUSE}")
    )


def _duplex(key: str, link: Link, told: str, error: str) -> Finding:
    is_good = {"full": True, "half": False}.get(told)
    evidence = f"{link.name}: {told or error or 'nothing was said'}"
    if is_good is False:
        evidence += " duplex: set both ends to negotiate, or both to the same"
    return Finding(f"{key}: full duplex", is_good, evidence)
