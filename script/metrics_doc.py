"""Write the table of docs/metrics.md from the list of metrics, so that it cannot go stale."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "host"), str(ROOT / "script")]

from deeprig_host.metrics.names import METRICS  # noqa: E402 - found by the line above
from generated_end import GeneratedEnd  # noqa: E402 - found by the line above

_MARK = "<!-- written by script/metrics_doc.py from host/deeprig_host/metrics/names.py -->"


def table() -> str:
    """Return a row for each metric."""
    lines = ["", "| metric | type | unit | labels | |", "|---|---|---|---|---|"]
    for metric in METRICS:
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        if metric.values:
            labels += f" ({', '.join(metric.values)})"
        lines.append(
            f"| `{metric.name}` | {metric.kind} | {metric.unit} | {labels} | {metric.help} |"
        )
    return "\n".join(lines) + "\n"


END = GeneratedEnd(ROOT / "docs" / "metrics.md", _MARK, table)

if __name__ == "__main__":
    END.write()
