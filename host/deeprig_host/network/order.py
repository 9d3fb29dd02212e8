"""The order of a network change, as it comes on standard input; nothing of it is trusted."""

from __future__ import annotations

import ipaddress
import json
import re
from dataclasses import dataclass, fields
from typing import Any

from deeprig_host.machine.refusal import Refused
from deeprig_host.network.names import CLOUD_CONFIG, CONFIGURATION, NETPLAN

SHORTEST_SECONDS, LONGEST_SECONDS = 5, 3600
#: What may be written: netplan(5), systemd.network(5) with its drop-ins, and cloud-init's switch.
_PATHS = {
    NETPLAN: re.compile(r"/etc/netplan/[A-Za-z0-9][\w.@+-]*\.yaml"),
    "networkd": re.compile(
        r"/etc/systemd/network/[A-Za-z0-9][\w.@+-]*\.(network|netdev|link)(\.d/[\w@+-]+\.conf)?"
    ),
}


@dataclass(frozen=True, slots=True)
class OrderedFile:
    """A file as it must be; ``content`` None where it must not be there."""

    path: str
    content: str | None
    mode: int = 0o600


@dataclass(frozen=True, slots=True)
class Order:
    """What to write, how long to wait for a confirmation, and what must come of it.

    ``expected_addresses`` must be the host's own, ``expected_gateways`` must answer on their link.
    """

    kind: str
    files: tuple[OrderedFile, ...]
    confirm_seconds: int
    expected_addresses: tuple[str, ...] = ()
    expected_gateways: tuple[str, ...] = ()


def parse_order(document: str) -> Order:
    """Return the order of a JSON document. Raise Refused, naming the field, on a bad one."""
    try:
        values = json.loads(document)
    except ValueError as error:
        raise _bad("the document", str(error)) from error
    if not isinstance(values, dict):
        raise _bad("the document", "must be an object")
    unknown = set(values) - {field.name for field in fields(Order)}
    if unknown:
        raise _bad(sorted(unknown)[0], "is unknown")
    kind = values.get("kind")
    if kind not in CONFIGURATION:
        raise _bad("kind", f"must be one of {', '.join(CONFIGURATION)}, not {kind!r}")
    return Order(
        kind,
        _files(kind, values.get("files")),
        _seconds(values.get("confirm_seconds")),
        _addresses("expected_addresses", values.get("expected_addresses", [])),
        _addresses("expected_gateways", values.get("expected_gateways", [])),
    )


def _files(kind: str, values: Any) -> tuple[OrderedFile, ...]:
    if not isinstance(values, list) or not values:
        raise _bad("files", "must be a list with at least one file")
    files = tuple(_file(kind, f"files[{n}]", value) for n, value in enumerate(values))
    paths = [file.path for file in files]
    if len(set(paths)) != len(paths):
        raise _bad("files", "name a path twice")
    return files


def _file(kind: str, place: str, value: Any) -> OrderedFile:
    if not isinstance(value, dict) or not {"path", "content"} <= set(value):
        raise _bad(place, "must be an object with path and content")
    path, content, mode = value["path"], value["content"], value.get("mode", "600")
    allowed = isinstance(path, str) and (path == CLOUD_CONFIG or _PATHS[kind].fullmatch(path))
    if not allowed:
        raise _bad(f"{place}.path", f"{path!r} is no configuration file of {kind}")
    if content is not None and not isinstance(content, str):
        raise _bad(f"{place}.content", "must be a text, or null to remove the file")
    if not (isinstance(mode, str) and re.fullmatch(r"0?[0-7]{3}", mode)):
        raise _bad(f"{place}.mode", f"must be an octal text such as '600', not {mode!r}")
    return OrderedFile(path, content, int(mode, 8))


def _seconds(value: Any) -> int:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if not is_whole or not SHORTEST_SECONDS <= value <= LONGEST_SECONDS:
        reach = f"{SHORTEST_SECONDS} to {LONGEST_SECONDS}"
        raise _bad("confirm_seconds", f"must be a whole number from {reach}, not {value!r}")
    return int(value)


def _addresses(place: str, values: Any) -> tuple[str, ...]:
    if not isinstance(values, list):
        raise _bad(place, "must be a list")
    try:
        return tuple(str(ipaddress.ip_address(str(value).split("/")[0])) for value in values)
    except ValueError as error:
        raise _bad(place, str(error)) from error


def _bad(place: str, text: str) -> Refused:
    return Refused(
        f"the network order is wrong: {place} {text}",
        remedy="report it: the controller makes this order",
    )
