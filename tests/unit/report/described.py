"""How docs/json.md describes a document that no report class describes: key by key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Key:
    """One key: what it holds (``inner`` names the description of objects in it), and why."""

    name: str
    kind: str
    told: str
    inner: str | None = None


@dataclass(frozen=True, slots=True)
class Description:
    """One document, or an object inside one."""

    title: str
    keys: tuple[Key, ...]
    said_by: str = ""
    schema: str | None = None

    def table(self, others: Mapping[str, Description]) -> str:
        """Return its section of the page; ``others`` has the objects in it, by name."""
        rows = [f"| `{k.name}` | {_shown_kind(k, others)} | {k.told} |" for k in self.keys]
        if self.schema:
            rows.insert(0, f"| `schema` | `{self.schema}` | see above |")
        head = [f"## {self.title}\n"] + ([f"{self.said_by}\n"] if self.said_by else [])
        return "\n".join([*head, "| key | value | |", "|---|---|---|", *rows, ""])


def _shown_kind(key: Key, others: Mapping[str, Description]) -> str:
    if key.inner is None:
        return key.kind
    title = others[key.inner].title
    inner = title[0].lower() + title[1:]
    return f"list: {inner}" if key.kind == "list" else f"{inner} or `null`"
