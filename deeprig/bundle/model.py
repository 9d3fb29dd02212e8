"""What a bundle holds, and its manifest: read strictly, so that no name leads out of it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import PurePosixPath
from typing import Any, Literal, get_args
from urllib.parse import unquote, urlsplit

from deeprig.errors import DeeprigError

SCHEMA = "deeprig.bundle/1"
MANIFEST = "manifest.json"
#: What a file is. ``program-wheel`` is for our own programs on the host, ``wheel`` for pip there.
Kind = Literal[
    "apt-index",
    "ca-certificate",
    "conda-package",
    "deb",
    "installer",
    "key",
    "lock",
    "page",
    "program-wheel",
    "wheel",
]
_PATH = re.compile(r"files/[a-z-]+/[0-9a-f]{16}-[A-Za-z0-9][A-Za-z0-9._+~-]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class BundleFile:
    """One file. ``urls`` are where a host looks for it; ``licence`` is None where none is known."""

    path: str
    kind: Kind
    sha256: str
    size_bytes: int
    urls: tuple[str, ...] = ()
    media_type: str = "application/octet-stream"
    hosts: tuple[str, ...] = ()
    licence: str | None = None

    @property
    def name(self) -> str:
        """Return the file's own name, as its source calls it."""
        return PurePosixPath(self.path).name[17:]


@dataclass(frozen=True, slots=True)
class BundleHost:
    """A host that the bundle was made for."""

    name: str
    distribution: str
    release: str
    architecture: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything about a bundle but the bytes. ``made`` is UTC, in ISO 8601."""

    made: str
    version: str
    hosts: tuple[BundleHost, ...]
    files: tuple[BundleFile, ...]
    notes: tuple[str, ...] = field(default=())

    @property
    def size_bytes(self) -> int:
        """Return what all files have together."""
        return sum(file.size_bytes for file in self.files)

    def to_json(self) -> str:
        """Return the text of the manifest, in the one order it has."""
        document = {"schema": SCHEMA, **asdict(self)}
        return json.dumps(document, indent=1, sort_keys=True) + "\n"


def path_of(kind: Kind, sha256: str, name: str) -> str:
    """Return where a file lies in a bundle; whatever its source calls it, the name is harmless."""
    harmless = re.sub(r"[^A-Za-z0-9._+~-]", "_", name) or "file"
    if not harmless[0].isalnum():
        harmless = f"x{harmless}"
    return f"files/{kind}/{sha256[:16]}-{harmless}"


def url_key(url: str) -> str:
    """Return what two spellings of one URL have in common (apt asks for + as %2b)."""
    parts = urlsplit(url)
    port = parts.port
    is_default = port is None or port == _DEFAULT_PORTS.get(parts.scheme)
    host = (parts.hostname or "").lower() if is_default else f"{parts.hostname}:{port}".lower()
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.scheme}://{host}{unquote(parts.path)}{query}"


def without_login(url: str) -> str:
    """Return a URL without a user's name and password: a bundle is carried about."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def parse_manifest(text: str, place: str) -> Manifest:
    """Return the manifest of a bundle. Raise DeeprigError for anything that is none."""
    try:
        document = json.loads(text)
        if not isinstance(document, dict) or document.get("schema") != SCHEMA:
            raise _unusable(place, f"its schema is not {SCHEMA}")
        return Manifest(
            made=_text(document, "made"),
            version=_text(document, "version"),
            hosts=tuple(_host(entry) for entry in document["hosts"]),
            files=_files(document["files"]),
            notes=tuple(str(note) for note in document["notes"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _unusable(place, f"it cannot be read: {error!r}") from error


def _files(entries: list[Mapping[str, Any]]) -> tuple[BundleFile, ...]:
    files = tuple(_file(entry) for entry in entries)
    paths = [file.path for file in files]
    if len(set(paths)) != len(paths):
        raise ValueError("a path is there twice")
    return files


def _file(entry: Mapping[str, Any]) -> BundleFile:
    path, kind, sha256 = _text(entry, "path"), entry["kind"], _text(entry, "sha256")
    if kind not in get_args(Kind):
        raise ValueError(f"kind {kind!r} is not known")
    if not _PATH.fullmatch(path) or not path.startswith(f"files/{kind}/{sha256[:16]}-"):
        raise ValueError(f"{path!r} is no path of a bundle")
    size = entry["size_bytes"]
    if not _SHA256.fullmatch(sha256) or not isinstance(size, int) or size < 0:
        raise ValueError(f"{path}: no checksum or no size")
    return BundleFile(
        path=path,
        kind=kind,
        sha256=sha256,
        size_bytes=size,
        urls=tuple(str(url) for url in entry["urls"]),
        media_type=_text(entry, "media_type"),
        hosts=tuple(str(host) for host in entry["hosts"]),
        licence=None if entry["licence"] is None else _text(entry, "licence"),
    )


def _host(entry: Mapping[str, Any]) -> BundleHost:
    texts = {name: _text(entry, name) for name in ("name", "distribution", "release")}
    roles = tuple(str(role) for role in entry["roles"])
    return BundleHost(**texts, architecture=_text(entry, "architecture"), roles=roles)


def _text(entry: Mapping[str, Any], name: str) -> str:
    value = entry[name]
    if not isinstance(value, str):
        raise TypeError(f"{name} is no text")
    return value


def _unusable(place: str, reason: str) -> DeeprigError:
    return DeeprigError(
        reason, place=place, remedy="make the bundle again with 'deeprig bundle', or copy it again"
    )
