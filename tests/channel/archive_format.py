"""What package archives and the installer share: a placeholder prefix and anonymous members."""

from __future__ import annotations

import tarfile

TIMESTAMP_MS = 1_700_000_000_000  # fixed, so that the same input gives the same bytes
# Stands in text files for the prefix they will be installed to; long, as conda-build's.
PLACEHOLDER = "/opt/deeprig_placeholder_placeholder_placeholder_placeholder"


def anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Return the member without the building user and time."""
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    member.mtime = TIMESTAMP_MS // 1000
    return member
