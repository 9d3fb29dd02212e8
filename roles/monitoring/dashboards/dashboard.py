"""A dashboard: rows of panels, and what a person chooses at its top."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from roles.monitoring.dashboards.panel import COLUMNS, Panel, panel_json

#: Grafana 9.0's; later ones read it and move it on by themselves.
_SCHEMA = 36


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under one heading, from left to right, wrapped where the width is used up."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """A variable: the values of a label, asked for with ``query``. ``is_many``: several at once."""

    name: str
    label: str
    query: str
    is_many: bool = False


@dataclass(frozen=True, slots=True)
class Dashboard:
    """``uid`` is its identity: links to it, and bookmarks, go by that."""

    uid: str
    title: str
    about: str
    rows: tuple[Row, ...]
    choices: tuple[Choice, ...] = ()


def dashboard_json(dashboard: Dashboard) -> dict[str, Any]:
    """Return Grafana's JSON model of a dashboard."""
    return {
        "uid": dashboard.uid,
        "title": dashboard.title,
        "description": dashboard.about,
        "tags": ["deeprig"],
        "schemaVersion": _SCHEMA,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "browser",
        "links": [_link()],
        "annotations": {"list": []},
        "templating": {"list": [_source(), *map(_variable, dashboard.choices)]},
        "panels": _placed(dashboard.rows),
    }


def _placed(rows: tuple[Row, ...]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    y = 0
    for row in rows:
        place = {"h": 1, "w": COLUMNS, "x": 0, "y": y}
        head = {"type": "row", "title": row.title, "collapsed": False, "panels": []}
        found.append({"id": len(found) + 1, "gridPos": place} | head)
        y += 1
        x = lowest = 0
        for panel in row.panels:
            if x + panel.width > COLUMNS:
                x, y, lowest = 0, y + lowest, 0
            found.append(panel_json(panel, len(found) + 1, x, y))
            x, lowest = x + panel.width, max(lowest, panel.height)
        y += lowest
    return found


def _source() -> dict[str, Any]:
    return {"name": "datasource", "label": "Prometheus", "type": "datasource"} | {
        "query": "prometheus",
        "hide": 0,
    }


def _variable(choice: Choice) -> dict[str, Any]:
    return {
        "name": choice.name,
        "label": choice.label,
        "type": "query",
        "datasource": {"type": "prometheus", "uid": "${datasource}"},
        "query": {"query": choice.query, "refId": choice.name},
        "definition": choice.query,
        # 2: whenever the time range changes; a machine that is new is found then.
        "refresh": 2,
        "sort": 3,
        "multi": choice.is_many,
        "includeAll": choice.is_many,
        "allValue": ".*" if choice.is_many else None,
        "hide": 0,
    }


def _link() -> dict[str, Any]:
    return {
        "title": "deeprig",
        "type": "dashboards",
        "tags": ["deeprig"],
        "asDropdown": False,
        "includeVars": True,
        "keepTime": True,
    }
