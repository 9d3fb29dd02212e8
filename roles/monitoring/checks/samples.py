"""Read metrics in Prometheus' text format, as an exporter writes them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

#: A name, labels in braces, a value, sometimes a time (Prometheus, "Exposition formats").
_LINE = re.compile(
    r"^(?P<name>[a-zA-Z_:][\w:]*)(?:\{(?P<labels>.*)\})?\s+(?P<value>\S+)(?:\s+\d+)?$"
)
_LABEL = re.compile(r'([a-zA-Z_]\w*)="((?:\\.|[^"\\])*)"')


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of a metric."""

    labels: Mapping[str, str]
    value: float


def samples(text: str, name: str) -> tuple[Sample, ...]:
    """Return the values of a metric."""
    found = []
    for line in text.splitlines():
        match = _LINE.match(line) if line.startswith(name) else None
        if match and match["name"] == name:
            found.append(Sample(dict(_LABEL.findall(match["labels"] or "")), float(match["value"])))
    return tuple(found)


def value_of(text: str, name: str) -> float | None:
    """Return a metric's one value, None where it has none or several."""
    found = samples(text, name)
    return found[0].value if len(found) == 1 else None
