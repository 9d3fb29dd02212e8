"""A host that is a cache no more: nothing runs, nothing is open; the files it kept stay."""

from __future__ import annotations

from pyinfra.api.host import Host
from pyinfra.context import ctx_host
from pyinfra.facts.files import File
from pyinfra.operations import files, server

from deeprig.tasks import changed
from roles.cache_server.places import DIRECTORY, OUT_SERVICE, ROTATION, UNIT_DIRECTORY, WEB_SERVICE


def stop_serving() -> None:
    """Stop the cache and remove its configuration, its key, and a proxy's password with it."""
    host: Host = ctx_host.get()
    removed = []
    for unit in (WEB_SERVICE, OUT_SERVICE):
        file = f"{UNIT_DIRECTORY}/{unit}"
        server.shell(
            name="Stop a cache that is declared no more",
            commands=[f"systemctl disable --now {unit}"],
            _if=lambda file=file: bool(host.get_fact(File, path=file)),  # type: ignore[misc]
        )
        removed.append(
            files.file(name="Remove the unit of the cache", path=file, present=False),
        )
    files.file(name="Remove the rotation of its log", path=ROTATION, present=False)
    server.shell(
        name="Let systemd forget the cache",
        commands=["systemctl daemon-reload"],
        _if=changed(*removed),
    )
    files.directory(name="Remove the cache's configuration", path=DIRECTORY, present=False)
