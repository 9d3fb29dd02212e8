"""Read under which licence a package comes, where it says so itself."""

from __future__ import annotations

import json
import tarfile
import zipfile
from email.parser import HeaderParser
from pathlib import Path

_LONGEST = 100


def wheel_licence(wheel: Path) -> str | None:
    """Return what a wheel's metadata say (PyPA core metadata), None where they say nothing."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            names = [n for n in archive.namelist() if n.endswith(".dist-info/METADATA")]
            text = archive.read(names[0]).decode("utf-8", errors="replace") if names else ""
    except (zipfile.BadZipFile, OSError, NotImplementedError):
        return None  # its checksum is the lock's; whoever installs it will tell
    headers = HeaderParser().parsestr(text)
    classified = [
        value.rpartition(" :: ")[2]
        for value in headers.get_all("Classifier", [])
        if value.startswith("License ::")
    ]
    stated = headers.get("License-Expression") or ", ".join(classified) or headers.get("License")
    return _short(stated)


def conda_licence(package: Path) -> str | None:
    """Return what a conda package's own index says; None for ``.conda``, which needs zstd."""
    if not package.name.endswith(".tar.bz2"):
        return None
    try:
        with tarfile.open(package, "r:bz2") as archive:
            file = archive.extractfile("info/index.json")
            document = json.load(file) if file is not None else {}
    except (tarfile.TarError, KeyError, OSError, ValueError):
        return None
    return _short(document.get("license")) if isinstance(document, dict) else None


def _short(text: object) -> str | None:
    lines = text.strip().splitlines() if isinstance(text, str) else []
    return lines[0][:_LONGEST] if lines else None
