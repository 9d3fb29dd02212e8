"""The status of each loop, ``/run/deeprig/cooling/status.json``: whole at any moment."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

SCHEMA = "deeprig.cooling/1"


def write_status(path: Path, document: dict[str, Any]) -> None:
    """Have the file with this document, readable by everybody. Raise OSError.

    It lies in memory (tmpfs) and is worth nothing after a power cut: it is not synced.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".deeprig-new")
    with draft.open("w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o644)
        file.write(json.dumps(document | {"schema": SCHEMA}) + "\n")
    draft.replace(path)


def read_status(path: Path) -> dict[str, Any]:
    """Return the document of the file. Raise OSError, or ValueError where it is none of ours."""
    document = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise ValueError(f"{path} is no {SCHEMA}")
    return document
