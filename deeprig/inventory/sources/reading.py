"""Read the text of a source's file, and say at its place what is wrong with it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from deeprig.inventory.sources.gathered import refuse

#: No inventory is larger; a mistaken name (an image, a device) must not fill the memory.
LARGEST_BYTES = 64 << 20
_UTF8 = "save it as UTF-8"


def text_of(path: Path) -> str:
    """Return the text of a file, without a byte order mark. Raise InventoryProblem."""
    if not path.is_file():
        reason = "is a directory, not a file" if path.is_dir() else "there is no such file"
        raise refuse(path, reason, "name an inventory with -i, or write one: deeprig init")
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise refuse(path, f"it is larger than {LARGEST_BYTES >> 20} MB", "is it an inventory?")
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise refuse(f"{path}:{line}", "this is no UTF-8 text", _UTF8) from error
    except OSError as error:
        raise refuse(path, f"it cannot be read: {error.strerror}", "may you read it?") from error


def json_of(text: str, place: str) -> Any:
    """Return what a JSON text says. Raise InventoryProblem with the line and column."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        reason = f"this is not JSON: {error.msg}"
        raise refuse(f"{place}:{error.lineno}:{error.colno}", reason) from error
    except RecursionError as error:
        raise refuse(place, "this JSON is nested too deeply to be an inventory") from error


def is_program(path: Path) -> bool:
    """Say whether a file is there to be run: executable, and a script or a binary."""
    if not path.is_file() or not os.access(path, os.X_OK):
        return False
    with path.open("rb") as file:
        beginning = file.read(4)
    return beginning[:2] == b"#!" or beginning == b"\x7fELF"
