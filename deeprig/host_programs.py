"""The programs of ``host/`` as one file: a Python archive that any python3 runs (zipapp(3)).

It is built from the sources alone, byte for byte the same every time and on every controller (so
not compressed: zlibs differ), so that a host that has it is left as it is.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

_SHEBANG = b"#!/usr/bin/env python3\n"
#: The oldest time a zip file can hold. Real ones would make every checkout's archive different.
_TIME = (1980, 1, 1, 0, 0, 0)
_READABLE_BY_ALL = 0o644 << 16
#: What the parts import; itself no part.
_SHARED = "machine"


def build_archive(programs: Path, *parts: str) -> bytes:
    """Return an archive of ``deeprig_host`` with the named parts (``driver``) and what they share.

    ``programs`` is the directory of the package. ``python3 ARCHIVE PART ...`` runs a part.
    """
    package = programs / "deeprig_host"
    files = [package / "__init__.py", package / "__main__.py"]
    for part in (_SHARED, *parts):
        files += sorted((package / part).rglob("*.py"))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        _add(archive, "__main__.py", b"from deeprig_host.__main__ import main\n\nmain()\n")
        for file in files:
            _add(archive, str(file.relative_to(programs)), file.read_bytes())
    return _SHEBANG + buffer.getvalue()


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, _TIME)
    entry.compress_type = zipfile.ZIP_STORED
    entry.external_attr = _READABLE_BY_ALL
    archive.writestr(entry, content)
