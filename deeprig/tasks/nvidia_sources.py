"""Old apt sources and keys of NVIDIA's repositories: found by reading, taken out file by file.

Two sources of one repository with different keys stop every ``apt update`` ("Conflicting values
set for option Signed-By"), and the key 7FA2AF80, revoked in 2022, has its repository refused.
Sources: sources.list(5), apt-secure(8); NVIDIA, "Updating the CUDA Linux GPG repository key".
"""

from __future__ import annotations

import re

from deeprig.tasks.openpgp_keys import fingerprints, without_keys

#: A file that apt reads: its path and its bytes. Written back as None: remove it.
AptFile = tuple[str, bytes]
Rewritten = tuple[str, bytes | None]

#: What NVIDIA's network repositories have in their path, on any mirror; the second is closed.
_PATHS = ("/compute/cuda/repos/", "/compute/machine-learning/repos/")
#: Keys that must not be trusted for every source: the revoked one, and those ``Signed-By`` names.
OLD_KEYS = frozenset(
    (
        "AE09FE4BBD223A84B2CCFCE3F60F4B3D7FA2AF80",
        "EB693B3035CD5710E231E123A4B469963BF863CC",
        "02182E60104FCDC26EAE1B8597A5D4CB8793F200",
    )
)
_LINE = re.compile(r"^\s*deb(-src)?\s+(\[[^\]]*\]\s*)?(?P<uri>\S+)")
#: Comments may stand between the lines of one field (deb822(5)).
_URIS = re.compile(r"^URIs:(?P<uris>.*(?:\n(?:#.*\n)*[ \t]+.*)*)", re.MULTILINE | re.IGNORECASE)


def without_nvidia(files: tuple[AptFile, ...], url: str, own: str) -> tuple[Rewritten, ...]:
    """Return the source files that name NVIDIA's repositories, without them.

    ``url`` is the repository in use, such as a mirror; ``own`` is the one file that may name it.
    A file in which nothing else is left comes back as None.
    """
    found: list[Rewritten] = []
    for path, data in files:
        if path == own:
            continue
        text = data.decode("utf-8", errors="surrogateescape")
        clean = _stanzas(text, url) if path.endswith(".sources") else _lines(text, url)
        if clean == text:
            continue
        is_needed = path == "/etc/apt/sources.list" or _says_something(clean)
        found.append((path, clean.encode("utf-8", "surrogateescape") if is_needed else None))
    return tuple(found)


def without_old_keys(
    keyrings: tuple[AptFile, ...],
) -> tuple[tuple[Rewritten, ...], tuple[str, ...]]:
    """Return the keyrings that hold an old key, without it, and what could not be read, as text."""
    found: list[Rewritten] = []
    unread = []
    for path, data in keyrings:
        try:
            there = fingerprints(data)
            if there & OLD_KEYS:
                found.append((path, without_keys(data, OLD_KEYS) if there - OLD_KEYS else None))
        except ValueError as error:
            unread.append(f"{path}: {error}")
    return tuple(found), tuple(unread)


def _is_nvidia(uri: str, url: str) -> bool:
    return uri.rstrip("/") == url or any(part in f"{uri}/" for part in _PATHS)


def _lines(text: str, url: str) -> str:
    """Return a one-line-style file without the lines that name NVIDIA."""
    kept = []
    for line in text.splitlines(keepends=True):
        match = _LINE.match(line)
        if not (match and _is_nvidia(match["uri"], url)):
            kept.append(line)
    return "".join(kept)


def _stanzas(text: str, url: str) -> str:
    """Return a deb822 file without NVIDIA's URIs; a stanza with no other URI goes as a whole."""
    kept = []
    for stanza in re.split(r"(?<=\n)(?=\s*\n)", text):
        match = _URIS.search(stanza)
        uris = _uris(match["uris"]) if match else []
        others = [uri for uri in uris if not _is_nvidia(uri, url)]
        if len(others) == len(uris):
            kept.append(stanza)
        elif others and match:
            kept.append(stanza.replace(match[0], f"URIs: {' '.join(others)}"))
    return "".join(kept)


def _uris(field: str) -> list[str]:
    return " ".join(line for line in field.splitlines() if not line.startswith("#")).split()


def _says_something(text: str) -> bool:
    return any(line.strip() and not line.lstrip().startswith("#") for line in text.splitlines())
