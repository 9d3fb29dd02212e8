"""Place the programs of ``host/`` on the host, as one archive that its own python3 runs."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from pyinfra.api.operation import OperationMeta
from pyinfra.operations import files

from deeprig.host_programs import build_archive
from deeprig.role import RoleContext

#: Where it lands. /opt is for add-on software (hier(7)); root owns it, everybody may read it.
PROGRAMS = "/opt/deeprig/programs/deeprig_host.pyz"
#: The distribution's own: whatever else is first on the PATH may be broken, or lack modules.
PYTHON = "/usr/bin/python3"
_PARTS = ("driver", "network")


def program_words(*arguments: str) -> tuple[str, ...]:
    """Return the command line of a placed program; ``arguments`` begin with its name."""
    return (PYTHON, PROGRAMS, *arguments)


def place_host_programs(context: RoleContext[Any]) -> OperationMeta:
    """Place the archive of host programs at ``PROGRAMS``; nothing happens when it is there."""
    archive = build_archive(context.content.file("host"), *_PARTS)
    return files.put(
        name="Place deeprig's programs",
        src=BytesIO(archive),
        dest=PROGRAMS,
        user="root",
        group="root",
        mode="755",
    )
