"""The order: one driver change, as the controller's ``deeprig.driver.change/1`` has it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from deeprig_host.driver.names import PACKAGES
from deeprig_host.machine.refusal import Refused

SCHEMA = "deeprig.driver.change/1"


@dataclass(frozen=True, slots=True)
class OrderedFile:
    """A file that belongs to the change; ``content`` None means that it must not be there."""

    path: str
    content: str | None
    mode: str


@dataclass(frozen=True, slots=True)
class Order:
    """What the controller decided. ``raw`` is the document itself, for the journal."""

    version: str
    install: tuple[tuple[str, str], ...]
    remove: tuple[str, ...]
    hold: tuple[str, ...]
    family: re.Pattern[str]
    files: tuple[OrderedFile, ...]
    kernels: tuple[str, ...]
    must_be_signed: bool
    even_if_busy: bool
    drain_wait_seconds: int
    lock_wait_seconds: int
    services: tuple[str, ...]
    raw: dict[str, Any]

    def is_ours(self, name: str) -> bool:
        """Say whether a package may be changed or removed by this order."""
        is_named = name in self.remove or any(name == wanted for wanted, _ in self.install)
        return is_named or self.family.match(name) is not None


def parse_order(text: str) -> Order:
    """Return the order of a JSON document. Raise Refused, naming the field, on a surprise."""
    try:
        document = json.loads(text)
        schema = document.get("schema")
        order = order_of(document)
    except (ValueError, KeyError, TypeError, AttributeError, re.error) as error:
        raise _unreadable(f"{type(error).__name__}: {error}") from error
    if schema != SCHEMA:
        raise _unreadable(f"schema is {schema!r}, wanted {SCHEMA!r}")
    return order


def order_of(document: dict[str, Any]) -> Order:
    """Return the order of a document that was read before."""
    return Order(
        version=str(document["version"]),
        install=tuple((str(p["name"]), str(p["version"])) for p in document["install"]),
        remove=tuple(document["remove"]),
        hold=tuple(document["hold"]),
        family=re.compile(document["family"] or rf"^(?:{PACKAGES})$"),
        files=tuple(OrderedFile(f["path"], f["content"], f["mode"]) for f in document["files"]),
        kernels=tuple(document["kernels"]),
        must_be_signed=bool(document["must_be_signed"]),
        even_if_busy=bool(document["even_if_busy"]),
        drain_wait_seconds=int(document["drain_wait_seconds"]),
        lock_wait_seconds=int(document["lock_wait_seconds"]),
        services=tuple(document["services"]),
        raw=document,
    )


def _unreadable(evidence: str) -> Refused:
    return Refused(
        "the order is unreadable",
        evidence=(evidence,),
        remedy="the programs on this host and the controller are of different versions: "
        "run `deeprig apply` again",
    )
