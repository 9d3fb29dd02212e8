"""Write a .deb (deb(5)): the same bytes for the same package, a thousand in a second or two.

dpkg-deb would need a directory tree and a process for each. That dpkg-deb reads what is written
here is a contract test.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Iterable
from pathlib import PurePosixPath

from tests.sim.repository.package import File, Package

# All files of a package have one time, so that two builds are equal: 2026-01-01.
BUILD_TIME = 1767225600


def deb_bytes(package: Package) -> bytes:
    """Return the .deb of a package."""
    control = [File("control", package.control().encode())]
    sums = _md5sums(package.files)
    if sums:
        control.append(File("md5sums", sums.encode()))
    control += [
        File(name, text.encode(), 0o644 if name in ("triggers", "conffiles") else 0o755)
        for name, text in package.scripts.items()
    ]
    members = (
        ("debian-binary", b"2.0\n"),
        ("control.tar.gz", _tar(control)),
        ("data.tar.gz", _tar(package.files)),
    )
    return b"!<arch>\n" + b"".join(_ar_member(name, content) for name, content in members)


def _md5sums(files: Iterable[File]) -> str:
    plain = (f for f in files if not f.link)
    digest = hashlib.md5  # the format's, against damage only
    return "".join(
        f"{digest(f.content, usedforsecurity=False).hexdigest()}  {f.path}\n" for f in plain
    )


def _ar_member(name: str, content: bytes) -> bytes:
    header = f"{name:<16}{BUILD_TIME:<12}{0:<6}{0:<6}{'100644':<8}{len(content):<10}`\n"
    return header.encode() + content + b"\n" * (len(content) % 2)


def _tar(files: Iterable[File]) -> bytes:
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.GNU_FORMAT) as archive:
        made: set[str] = set()
        _add_directory(archive, ".", made)
        for file in files:
            for parent in reversed(PurePosixPath(file.path).parents):
                _add_directory(archive, str(parent), made)
            member = _member(f"./{file.path}", file.mode)
            if file.link:
                member.type, member.linkname = tarfile.SYMTYPE, file.link
                archive.addfile(member)
            else:
                member.size = len(file.content)
                archive.addfile(member, io.BytesIO(file.content))
    return gzip.compress(plain.getvalue(), compresslevel=1, mtime=0)


def _add_directory(archive: tarfile.TarFile, path: str, made: set[str]) -> None:
    if path in made:
        return
    made.add(path)
    member = _member("./" if path == "." else f"./{path}/", 0o755)
    member.type = tarfile.DIRTYPE
    archive.addfile(member)


def _member(name: str, mode: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.mode, member.mtime = mode, BUILD_TIME
    member.uname = member.gname = "root"
    return member
