"""What the last pull did, for whoever looks at the host: a file, and the collector's metrics."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from deeprig.errors import DeeprigError
from deeprig.masking import Masker

#: Where the collector of the role monitoring looks (host/deeprig_host/metrics/statuses.py).
SEEN_BY_METRICS = Path("/var/lib/deeprig/status/pull.json")
_LONGEST_TEXT = 300


@dataclass(frozen=True, slots=True)
class PullStatus:
    """One pull. ``commit`` is the commit that was applied, None where none could be taken."""

    host: str
    repository: str
    branch: str
    commit: str | None
    ok: bool
    changed: int
    failed: int
    text: str
    exit_code: int


def leave_status(status: PullStatus, places: tuple[Path, ...]) -> None:
    """Write the status, whole or not at all. Raise DeeprigError where it cannot be written."""
    hide = Masker()  # everybody on the host may read it
    document = {
        "schema": "deeprig.status/1",
        "what": "pull",
        "time": int(time.time()),
        **asdict(status),
        "repository": hide(status.repository),
        "text": hide(status.text)[:_LONGEST_TEXT],
    }
    for place in places:
        new = place.with_name(f"{place.name}.new")
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            new.write_text(json.dumps(document) + "\n", encoding="utf-8")
            new.chmod(0o644)
            new.replace(place)
        except OSError as error:
            raise DeeprigError(
                f"the status cannot be written: {error.strerror}", place=str(place)
            ) from error
