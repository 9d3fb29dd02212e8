"""The channel directory: packages per platform, and plain repodata beside them."""

from __future__ import annotations

import os
from pathlib import Path

from .packages import ABOUT, Package
from .stages import Stages, source_digest
from .tools import HERE, Tools

ARCHIVE_SOURCES = (HERE / "archive.py", HERE / "archive_format.py")
SUBDIRS = ("linux-64", "noarch")


def get_archive(stages: Stages, tools: Tools, package: Package) -> Path:
    """Return the `.conda` file of a package, writing it on first use."""
    job = {
        "index": dict(package.index()),
        "about": ABOUT,
        "entry_points": list(package.entry_points),
    }

    def make(into: Path) -> None:
        output = {"tree": str(package.files), "output": str(into / package.file_name)}
        tools.module("archive", {**job, **output})

    key = [job, package.files.name, source_digest(*ARCHIVE_SOURCES)]
    return stages.get(f"package-{package.name}", key, make) / package.file_name


def get_channel(stages: Stages, tools: Tools, packages: tuple[Package, ...]) -> Path:
    """Return the finished channel with all packages and an index."""
    archives = [(package.subdir, get_archive(stages, tools, package)) for package in packages]

    def make(into: Path) -> None:
        for subdir in SUBDIRS:
            (into / subdir).mkdir()
        for subdir, archive in archives:
            os.link(archive, into / subdir / archive.name)
        tools.module("index", {"channel": str(into)})

    key = [[archive.parent.name for _, archive in archives], source_digest(HERE / "index.py")]
    return stages.get("channel", key, make)
