"""Write the table of docs/alerts.md from the alert rules, so that it cannot go stale."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "alerts.md"
#: The table is all that follows this line.
_MARK = "<!-- written by script/alerts_doc.py from host/deeprig_host/alerts/rules.py -->"


def page(before: str) -> str:
    """Return the page with a new table. Raise ValueError where the page has no place for it."""
    head, mark, _ = before.partition(_MARK)
    if not mark:
        raise ValueError(f"{PAGE} has no line {_MARK}")
    return f"{head}{_MARK}\n{table()}"


def table() -> str:
    """Return an overview, then each alert with its meaning, remedy and condition."""
    sys.path.insert(0, str(ROOT / "host"))
    from deeprig_host.alerts.promql import promql
    from deeprig_host.alerts.rules import ALERTS

    lines = ["", "| alert | severity | after |", "|---|---|---|"]
    for alert in ALERTS:
        after = _span(alert.for_seconds)
        lines.append(f"| [{alert.name}](#{alert.name.lower()}) | {alert.severity} | {after} |")
    for alert in ALERTS:
        lines += [
            f"\n### {alert.name}\n",
            f"*{alert.severity}*: {alert.summary}\n",
            f"{alert.meaning}\n",
            f"**What to do:** {alert.remedy}\n",
            f"```promql\n{promql(alert)}\n```",
        ]
    return "\n".join(lines) + "\n"


def _span(seconds: int) -> str:
    if not seconds:
        return "at once"
    return f"{seconds // 60} min" if seconds % 60 == 0 else f"{seconds} s"


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
