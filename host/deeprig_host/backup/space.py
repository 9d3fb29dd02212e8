"""How much room a repository's file system has: told by the job, which is at work there anyway.

The collector of metrics asks no mount itself: statvfs(3) on a dead network mount never returns.
"""

from __future__ import annotations

import os

from deeprig_host.backup.credentials import local_path
from deeprig_host.backup.declared import Repository
from deeprig_host.machine.commands import Machine


def space_of(machine: Machine, repository: Repository) -> dict[str, int]:
    """Return free and whole bytes of a local repository's file system, nothing where not known.

    Where a declared mount is away, the directory lies on another disk: nothing is known then.
    """
    place = local_path(repository)
    if not place or not all(os.path.ismount(machine.path(mount)) for mount in repository.mounts):
        return {}
    try:
        told = os.statvfs(machine.path(place))
    except OSError:  # not there: the job itself says why
        return {}
    return {
        "space_free_bytes": told.f_bavail * told.f_frsize,
        "space_bytes": told.f_blocks * told.f_frsize,
    }
