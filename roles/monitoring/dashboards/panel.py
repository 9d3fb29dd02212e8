"""A panel of a dashboard, and its form in Grafana's JSON (Grafana 9 and later)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["timeseries", "stat", "table", "state-timeline"]
#: The variable with which a person chooses among Prometheus servers.
_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
#: Grafana divides a row into so many columns.
COLUMNS = 24
_GREEN, _ORANGE, _RED = "green", "orange", "red"


@dataclass(frozen=True, slots=True)
class Query:
    """A PromQL expression. ``legend`` names its series, such as ``GPU {{gpu}}``."""

    expression: str
    legend: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """What is shown. ``unit`` is one of Grafana's; ``steps`` are where orange and red begin.

    ``words`` are what the values 0, 1 ... are shown as. ``hidden`` are columns of a table that
    say nothing. ``renamed`` are its others, in their order, by their name in the answer.
    """

    title: str
    queries: tuple[Query, ...]
    kind: Kind = "timeseries"
    unit: str = "short"
    width: int = 12
    height: int = 8
    about: str = ""
    steps: tuple[float, float] | None = None
    is_low_bad: bool = False
    words: tuple[str, ...] = ()
    most: float | None = None
    renamed: tuple[tuple[str, str], ...] = ()
    column_units: tuple[tuple[str, str], ...] = ()
    link: tuple[str, str] | None = None


def panel_json(panel: Panel, number: int, x: int, y: int) -> dict[str, Any]:
    """Return a panel at its place; ``number`` is its identity within the dashboard."""
    found: dict[str, Any] = {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "datasource": _SOURCE,
        "gridPos": {"h": panel.height, "w": panel.width, "x": x, "y": y},
        "targets": [_target(panel, index, query) for index, query in enumerate(panel.queries)],
        "fieldConfig": {"defaults": _defaults(panel), "overrides": _overrides(panel)},
        "options": _OPTIONS[panel.kind],
    }
    if panel.about:
        found["description"] = panel.about
    if panel.kind == "table":
        found["transformations"] = _transformations(panel)
    return found


def _target(panel: Panel, index: int, query: Query) -> dict[str, Any]:
    is_now = panel.kind in ("stat", "table")
    return {
        "refId": chr(ord("A") + index),
        "datasource": _SOURCE,
        "expr": query.expression,
        "legendFormat": query.legend or "__auto",
        "instant": is_now,
        "range": not is_now,
        "format": "table" if panel.kind == "table" else "time_series",
    }


def _defaults(panel: Panel) -> dict[str, Any]:
    found: dict[str, Any] = {
        "unit": panel.unit,
        "color": {"mode": "palette-classic" if panel.kind == "timeseries" else "thresholds"},
        "thresholds": {"mode": "absolute", "steps": _steps(panel)},
        "custom": _CUSTOM[panel.kind],
        "mappings": _mappings(panel),
    }
    if panel.kind == "timeseries":
        found["min"] = 0
    if panel.most is not None:
        found["max"] = panel.most
    return found


def _steps(panel: Panel) -> list[dict[str, Any]]:
    if panel.steps is None:
        return [{"color": _GREEN, "value": None}]
    first, second = panel.steps
    colors = (_RED, _ORANGE, _GREEN) if panel.is_low_bad else (_GREEN, _ORANGE, _RED)
    values = (None, first, second)
    return [{"color": c, "value": v} for c, v in zip(colors, values, strict=True)]


def _mappings(panel: Panel) -> list[dict[str, Any]]:
    if not panel.words:
        return []
    options = {str(value): {"text": word, "index": value} for value, word in enumerate(panel.words)}
    return [{"type": "value", "options": options}]


def _overrides(panel: Panel) -> list[dict[str, Any]]:
    found = [_override(column, "unit", unit) for column, unit in panel.column_units]
    if panel.link is not None:
        column, url = panel.link
        link = [{"title": "this machine", "url": url}]
        found.append(_override(column, "links", link))
    return found


def _override(column: str, what: str, value: Any) -> dict[str, Any]:
    return {
        "matcher": {"id": "byName", "options": column},
        "properties": [{"id": what, "value": value}],
    }


def _transformations(panel: Panel) -> list[dict[str, Any]]:
    """Join the queries' answers to one row per series, and keep the named columns."""
    names = dict(panel.renamed)
    order = {name: index for index, name in enumerate(names)}
    joined = [{"id": "merge", "options": {}}] if len(panel.queries) > 1 else []
    return [
        *joined,
        {"id": "filterFieldsByName", "options": {"include": {"names": list(names)}}},
        {"id": "organize", "options": {"indexByName": order, "renameByName": names}},
    ]


_OPTIONS: dict[Kind, dict[str, Any]] = {
    "timeseries": {
        "legend": {"displayMode": "table", "placement": "bottom", "calcs": ["lastNotNull", "max"]},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "stat": {
        "colorMode": "background",
        "graphMode": "none",
        "justifyMode": "auto",
        "orientation": "auto",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "textMode": "auto",
    },
    "table": {"showHeader": True, "footer": {"show": False}},
    "state-timeline": {
        "showValue": "never",
        "rowHeight": 0.9,
        "mergeValues": True,
        "legend": {"displayMode": "list", "placement": "bottom"},
        "tooltip": {"mode": "single"},
    },
}
_CUSTOM: dict[Kind, dict[str, Any]] = {
    "timeseries": {
        "drawStyle": "line",
        "lineWidth": 1,
        "fillOpacity": 5,
        "showPoints": "never",
        # A gap is something that was not known; a line over it would say that it was.
        "spanNulls": False,
    },
    "stat": {},
    "table": {"align": "auto", "displayMode": "auto"},
    "state-timeline": {"fillOpacity": 80, "lineWidth": 0},
}
