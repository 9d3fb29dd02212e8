"""What the host answers, in the words that evidence needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_KEPT_CHARACTERS = 600


def properties(host: Any, unit: str, *names: str) -> dict[str, str]:
    """Return properties of a unit as systemctl(1) shows them; "" for one it does not know."""
    shown = host.run("systemctl show --property=%s %s", ",".join(names), unit).stdout
    pairs = (line.partition("=") for line in shown.splitlines())
    return dict.fromkeys(names, "") | {name: value for name, _, value in pairs}


def properties_text(shown: Mapping[str, str]) -> str:
    """Return properties as evidence."""
    return ", ".join(f"{name}={value or 'unknown'}" for name, value in shown.items())


def last_words(text: str) -> str:
    """Return the end of an answer that was none, short enough for a report."""
    return text.strip()[-_KEPT_CHARACTERS:]
