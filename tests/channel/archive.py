"""Write one `.conda` package: run by the build tools' Python with a job on standard input.

The format: a zip of two zstd tarballs (info, pkg) and `metadata.json`, see conda's
documentation, "Conda package specification". Written here rather than by a build tool
because entry points (`info/link.json`) and identical bytes for identical input are needed.
"""

from __future__ import annotations

import hashlib
import io
import json
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import zstandard  # type: ignore[import-not-found]  # lives only with the build tools

from .archive_format import PLACEHOLDER, TIMESTAMP_MS, anonymous

COMPRESSION_LEVEL = 12


def path_entry(tree: Path, file: Path) -> dict[str, Any]:
    """Return the `paths.json` entry of one file or link."""
    content = file.read_bytes() if file.exists() else b""
    entry: dict[str, Any] = {
        "_path": file.relative_to(tree).as_posix(),
        "path_type": "softlink" if file.is_symlink() else "hardlink",
        "sha256": hashlib.sha256(content).hexdigest(),
        "size_in_bytes": len(content),
    }
    if PLACEHOLDER.encode() in content and not file.is_symlink():
        entry |= {"prefix_placeholder": PLACEHOLDER, "file_mode": "text"}
    return entry


def info_files(job: dict[str, Any], paths: list[dict[str, Any]]) -> dict[str, bytes]:
    """Return the `info/` directory of a package as names and contents."""
    index = {**job["index"], "timestamp": TIMESTAMP_MS}
    files: dict[str, Any] = {
        "info/index.json": index,
        "info/paths.json": {"paths": paths, "paths_version": 1},
        "info/about.json": job["about"],
    }
    if index.get("noarch") == "python":
        noarch = {"type": "python", "entry_points": job["entry_points"]}
        files["info/link.json"] = {"noarch": noarch, "package_metadata_version": 1}
    encoded = {name: json.dumps(value, indent=2).encode() for name, value in files.items()}
    return {**encoded, "info/files": "\n".join(p["_path"] for p in paths).encode() + b"\n"}


def info_tar(files: dict[str, bytes]) -> bytes:
    """Return a tarball of in-memory files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(anonymous(member), io.BytesIO(content))
    return buffer.getvalue()


def payload_tar(tree: Path, files: list[Path]) -> bytes:
    """Return a tarball of a tree's files, in order."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for file in files:
            tar.add(file, file.relative_to(tree).as_posix(), recursive=False, filter=anonymous)
    return buffer.getvalue()


def write_package(job: dict[str, Any]) -> None:
    """Write the package that `job` describes to `job['output']`."""
    tree, output = Path(job["tree"]), Path(job["output"])
    files = sorted(f for f in tree.rglob("*") if f.is_symlink() or f.is_file())
    info = info_tar(info_files(job, [path_entry(tree, f) for f in files]))
    compressor = zstandard.ZstdCompressor(level=COMPRESSION_LEVEL)
    members = {
        "metadata.json": b'{"conda_pkg_format_version": 2}',
        f"pkg-{output.stem}.tar.zst": compressor.compress(payload_tar(tree, files)),
        f"info-{output.stem}.tar.zst": compressor.compress(info),
    }
    with zipfile.ZipFile(output, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, (2023, 11, 14, 0, 0, 0)), content)


if __name__ == "__main__":
    write_package(json.load(sys.stdin))
