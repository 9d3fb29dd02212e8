"""Fill a directory with the installer's base environment: run by the build tools' Python.

Standard input: a job with `channel`, `target`, `placeholder` and `specs`.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import rattler  # type: ignore[import-not-found]  # lives only with the build tools

from .standin.leaving import leave


def _repodata(channel: Path) -> list[Any]:
    base = rattler.Channel(channel.as_uri())
    return [
        rattler.SparseRepoData(base, subdir, channel / subdir / "repodata.json")
        for subdir in ("linux-64", "noarch")
    ]


async def fill(job: dict[str, Any]) -> None:
    """Solve the base environment against the channel and link it into the target."""
    glibc = rattler.GenericVirtualPackage(
        rattler.PackageName("__glibc"), rattler.Version("2.36"), rattler.BuildString("0")
    )
    records = await rattler.solve_with_sparse_repodata(
        job["specs"], _repodata(Path(job["channel"])), virtual_packages=[glibc]
    )
    with tempfile.TemporaryDirectory() as cache:
        await rattler.install(
            records,
            job["target"],
            cache_dir=Path(cache),
            show_progress=False,
            alternative_target_prefix=job["placeholder"],
        )


if __name__ == "__main__":
    asyncio.run(fill(json.load(sys.stdin)))
    leave(0)
