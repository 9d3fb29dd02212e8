"""What the environment is to hold: wheels by digest. Its name is made from that and from Python."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from dataclasses import dataclass

from deeprig_host.machine.refusal import Refused

#: Raised whenever the same wheels would be laid out in another way: then all are made anew.
_LAYOUT = 1
_SHA256 = re.compile(r"[0-9a-f]{64}")
#: Letters of the digest in a directory's name; enough that two never meet.
_NAME_LETTERS = 16


@dataclass(frozen=True, slots=True)
class Order:
    """The wheels to install, each by its SHA-256, and the modules that must then be importable."""

    wheels: tuple[str, ...]
    modules: tuple[str, ...]

    @property
    def name(self) -> str:
        """Return the name of an environment of these wheels for the Python that runs this."""
        made_of = {"layout": _LAYOUT, "python": python_minor(), "wheels": sorted(self.wheels)}
        text = json.dumps(made_of | {"modules": self.modules}, sort_keys=True)
        return hashlib.sha256(text.encode("utf-8")).hexdigest()[:_NAME_LETTERS]


def python_minor() -> str:
    """Return the version of Python that decides where modules lie, such as 3.11."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def parse_order(text: str) -> Order:
    """Return the order of a JSON text. Raise Refused when it is none."""
    try:
        document = json.loads(text)
        order = Order(tuple(document["wheels"]), tuple(document["modules"]))
        is_usable = bool(order.wheels) and all(map(_SHA256.fullmatch, order.wheels))
        is_usable = is_usable and all(module.isidentifier() for module in order.modules)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _unreadable(f"{type(error).__name__}: {error}") from error
    if not is_usable:
        raise _unreadable("wheels are SHA-256 digests, and modules are names")
    return order


def _unreadable(why: str) -> Refused:
    return Refused(
        "the order for the environment is unreadable",
        evidence=(why,),
        remedy="report it: the controller writes it",
    )
