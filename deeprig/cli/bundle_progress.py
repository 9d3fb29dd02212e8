"""How the making of a bundle is followed, and what is said of a finished one."""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from deeprig.bundle.room import shown_size

if TYPE_CHECKING:
    from deeprig.bundle.contents import Bundle
    from deeprig.bundle.making import Telling
    from deeprig.bundle.model import Manifest
    from deeprig.errors import Problem

#: Not more often than this is it told how much has come.
_EVERY_SECONDS = 5.0


class _Came:
    """Tells now and then how many bytes have come."""

    def __init__(self) -> None:
        self.bytes = 0
        self._told = time.monotonic()

    def __call__(self, size_bytes: int) -> None:
        self.bytes += size_bytes
        if time.monotonic() - self._told >= _EVERY_SECONDS:
            self._told = time.monotonic()
            click.echo(f"  {shown_size(self.bytes)} came", err=True)


@contextmanager
def following(*, as_json: bool) -> Iterator[Telling]:
    """Yield what tells a person on standard error how far it is; nothing with ``--json``."""
    from deeprig.bundle.making import Telling
    from deeprig.cli.progress import progress_for

    with progress_for("plan", as_json=as_json, verbose=False) as progress:
        if as_json:
            yield Telling(progress, lambda text: None, lambda size: None)
        else:
            yield Telling(progress, lambda text: click.echo(text, err=True), _Came())


def show_manifest(manifest: Manifest, output: Path, *, as_json: bool) -> None:
    """Say what was made."""
    if as_json:
        click.echo(manifest.to_json(), nl=False)
        return
    kinds = Counter(file.kind for file in manifest.files)
    shown = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    click.echo(f"{len(manifest.files)} files, {shown_size(manifest.size_bytes)}: {shown}")
    click.echo(f"for {', '.join(host.name for host in manifest.hosts)}")
    click.echo(f"manifest SHA-256 {_sha256(manifest)}")
    click.echo(f"wrote {output}; use it with: deeprig apply --bundle {output}")


def show_check(bundle: Bundle, problems: tuple[Problem, ...], *, as_json: bool) -> None:
    """Say what a check found."""
    manifest = bundle.manifest
    if as_json:
        found = [{"place": p.place, "reason": p.reason} for p in problems]
        document = {"schema": "deeprig.bundle-check/1", "is_whole": not problems}
        document |= {"manifest_sha256": _sha256(manifest), "problems": found}
        click.echo(json.dumps(document, indent=2))
        return
    for problem in problems:
        click.echo(str(problem), err=True)
    verdict = f"not whole: {len(problems)} problems" if problems else "whole"
    size = shown_size(manifest.size_bytes)
    click.echo(f"{bundle.path}: {verdict}; {len(manifest.files)} files, {size}")
    click.echo(f"made {manifest.made} by deeprig {manifest.version}")
    click.echo(f"manifest SHA-256 {_sha256(manifest)}")


def _sha256(manifest: Manifest) -> str:
    return hashlib.sha256(manifest.to_json().encode("utf-8")).hexdigest()
