"""Where a lab lies. Light on purpose: commands that contact nobody need not load pyinfra."""

from __future__ import annotations

from pathlib import Path


def lab_directory(inventory: Path) -> Path:
    """Return the lab directory: the parent of ``inventory/``, or where the file lies."""
    directory = inventory.resolve().parent
    return directory.parent if directory.name == "inventory" else directory
