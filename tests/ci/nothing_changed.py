"""Exit 0 only when a report of `deeprig apply --json` has hosts, and none was changed.

python3 nothing_changed.py REPORT.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def changes(report: dict) -> list[str]:
    """Return what was not simply in place: ``host: operation (status)``, ``host: status``."""
    return [
        f"{host['host']}: {host['status']}" for host in report["hosts"] if host["status"] != "ok"
    ] + [
        f"{host['host']}: {operation['name']} ({operation['status']})"
        for host in report["hosts"]
        for operation in host["operations"]
        if operation["status"] != "unchanged"
    ]


def main() -> int:
    """Print what is wrong and return the exit code."""
    report = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    looked_at = sum(len(host["operations"]) for host in report["hosts"])
    found = changes(report)
    sys.stdout.write("\n".join([*found, f"{len(found)} of {looked_at} operations\n"]))
    return 1 if found or not looked_at else 0


if __name__ == "__main__":
    sys.exit(main())
