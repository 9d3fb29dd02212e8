"""Hand an inventory over to a process of our own, without asking its source once more.

A verification has a process per host: NetBox, or a program that asks a cloud, is asked once for
all of them, and none of them sees another fleet than its neighbour.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deeprig.inventory.merge import Level
from deeprig.inventory.sources.gathered import ReadHost, ReadSource
from deeprig.inventory.sources.reading import json_of, text_of
from deeprig.inventory.sources.source import Source

if TYPE_CHECKING:
    from deeprig.inventory.load import Lab


@contextmanager
def handed_over(lab: Lab) -> Iterator[str]:
    """Yield what another process loads the same lab by.

    Of a source this is a snapshot, readable by this user only, that is
    gone afterwards; pyinfra's own form is read again, as pyinfra itself would.
    """
    if not isinstance(lab.path, Source):
        yield str(lab.path)
        return
    with tempfile.TemporaryDirectory(prefix="deeprig-") as directory:
        file = Path(directory, "inventory.json")
        write_snapshot(file, lab.read, lab.directory)
        yield str(Source("snapshot", str(file)))


def write_snapshot(file: Path, read: tuple[ReadHost, ...], directory: Path) -> None:
    """Write what a source told to a file that only this user may read. Raise OSError.

    ``directory`` is the lab directory that it is to be used with.
    """
    document = {"directory": str(directory), "hosts": [_host_document(host) for host in read]}
    file.touch(mode=0o600)
    file.write_text(json.dumps(document, default=_as_text), encoding="utf-8")


def _host_document(host: ReadHost) -> dict[str, Any]:
    levels = [[level.origin, dict(level.data)] for level in host.levels]
    return {"name": host.name, "groups": host.groups, "levels": levels}


def _as_text(value: Any) -> Any:
    """Return what JSON has not: a set as a list, a path or a date as the text that was written."""
    return sorted(value) if isinstance(value, set | frozenset) else str(value)


def read_snapshot(source: Source) -> ReadSource:
    """Return what was handed over. Raise InventoryProblem when it is gone."""
    document = json_of(text_of(source.path), str(source))
    hosts = tuple(
        ReadHost(host["name"], tuple(host["groups"]), tuple(Level(*one) for one in host["levels"]))
        for host in document["hosts"]
    )
    return ReadSource(hosts, (), Path(document["directory"]))
