"""Where a run leaves its result on a host that is watched, and what it says of no change."""

from __future__ import annotations

import json

DIRECTORY = "/var/lib/deeprig/status"
FILE = f"{DIRECTORY}/apply.json"


def status_document(at: int, *, is_good: bool, failed: int, text: str) -> str:
    """Return the status of a run; ``at`` is in Unix seconds."""
    document = {
        "schema": "deeprig.status/1",
        "what": "apply",
        "time": at,
        "ok": is_good,
        "failed": failed,
        "text": text,
    }
    return json.dumps(document)
