"""Write the table of docs/alerts.md from the alert rules, so that it cannot go stale."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "host"), str(ROOT / "script")]

from deeprig_host.alerts.promql import promql  # noqa: E402 - found by the line above
from deeprig_host.alerts.rules import ALERTS  # noqa: E402 - found by the line above
from generated_end import GeneratedEnd  # noqa: E402 - found by the line above

_MARK = "<!-- written by script/alerts_doc.py from host/deeprig_host/alerts/rules.py -->"


def table() -> str:
    """Return an overview, then each alert with its meaning, remedy and condition."""
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


END = GeneratedEnd(ROOT / "docs" / "alerts.md", _MARK, table)

if __name__ == "__main__":
    END.write()
