"""Write the tables of docs/backup-rebuild.md from what the program goes by."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "host"), str(ROOT / "script")]

from deeprig_host.backup.rebuild_places import NEVER, PLACES, Place  # noqa: E402 - see above
from generated_end import GeneratedEnd  # noqa: E402 - found by the line above

_MARK = "<!-- written by script/rebuild_doc.py from host/deeprig_host/backup/rebuild_places.py -->"


def tables() -> str:
    """Return what becomes of each path of a backup, and what of /etc is never put in place."""
    lines = ["", "| path | on the new machine | why |", "|---|---|---|"]
    lines += [f"| `{one.path}` | {one.way} | {one.why} |" for one in PLACES]
    lines += [
        "| the prefixes in `conda_prefixes` | left | environments are made anew from their locks |",
        "| everything else | in place | it is people's |",
        "\n## What of /etc is never put in place, whoever names it\n",
        "| path | why |",
        "|---|---|",
    ]
    lines += [f"| `{one.path}` | {one.why} |" for one in _shown(NEVER)]
    return "\n".join(lines) + "\n"


def _shown(places: Iterable[Place]) -> Iterable[Place]:
    """Yield the places; their copies of yesterday (passwd-) go without saying."""
    return (one for one in places if not one.path.endswith("-"))


END = GeneratedEnd(ROOT / "docs" / "backup-rebuild.md", _MARK, tables)

if __name__ == "__main__":
    END.write()
