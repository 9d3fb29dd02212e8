"""Write the table of docs/metrics.md from the list of metrics, so that it cannot go stale."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "metrics.md"
#: The table is all that follows this line.
_MARK = "<!-- written by script/metrics_doc.py from host/deeprig_host/metrics/names.py -->"


def page(before: str) -> str:
    """Return the page with a new table. Raise ValueError where the page has no place for it."""
    head, mark, _ = before.partition(_MARK)
    if not mark:
        raise ValueError(f"{PAGE} has no line {_MARK}")
    return f"{head}{_MARK}\n{table()}"


def table() -> str:
    """Return a row for each metric."""
    sys.path.insert(0, str(ROOT / "host"))
    from deeprig_host.metrics.names import METRICS

    lines = ["", "| metric | type | unit | labels | |", "|---|---|---|---|---|"]
    for metric in METRICS:
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        if metric.values:
            labels += f" ({', '.join(metric.values)})"
        lines.append(
            f"| `{metric.name}` | {metric.kind} | {metric.unit} | {labels} | {metric.help} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
