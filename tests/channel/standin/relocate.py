"""Rewrite an unpacked prefix for the place where it now lies.

`python -m conda_standin.relocate PLACEHOLDER PREFIX`, run once by the installer. Which
files hold the placeholder is known from `conda-meta`: those that packages declare, and
the scripts of entry points.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def files_with_prefix(record: dict[str, object]) -> list[str]:
    """Return the paths of an installed package that carry their prefix as text."""
    paths_data = record["paths_data"]
    if not isinstance(paths_data, dict):
        raise TypeError(f"paths_data of {record.get('name')} is no mapping")
    return [
        entry["_path"]
        for entry in paths_data["paths"]
        if "prefix_placeholder" in entry or entry["path_type"] == "unix_python_entry_point"
    ]


def relocate(placeholder: str, prefix: Path) -> None:
    """Replace `placeholder` by `prefix` in every text file below it that carries it."""
    for meta in sorted((prefix / "conda-meta").glob("*.json")):
        text = meta.read_text(encoding="utf-8")
        for path in files_with_prefix(json.loads(text)):
            _replace(prefix / path, placeholder, str(prefix))
        meta.write_text(text.replace(placeholder, str(prefix)), encoding="utf-8")


def _replace(file: Path, before: str, after: str) -> None:
    mode = file.stat().st_mode
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace(before, after), encoding="utf-8")
    file.chmod(mode & ~0o022)  # rattler makes scripts writable for the group, conda does not


if __name__ == "__main__":
    relocate(sys.argv[1], Path(sys.argv[2]))
