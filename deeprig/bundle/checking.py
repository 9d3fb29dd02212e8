"""Prove that a bundle is what its manifest says: nothing missing, added, cut or altered."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

from deeprig.bundle.contents import Bundle
from deeprig.bundle.model import MANIFEST, BundleFile
from deeprig.errors import DeeprigError, Problem

_CHUNK_BYTES = 1 << 20
#: Takes how many bytes were read, of how many.
Tell = Callable[[int, int], None]


def problems_of(bundle: Bundle, tell: Tell = lambda done, of: None) -> tuple[Problem, ...]:
    """Return everything that is wrong with a bundle, each with its place; none: it is whole."""
    wanted = {file.path: file for file in bundle.manifest.files}
    there = {member.path: member for member in bundle.members}
    found = list(_of_names(bundle, wanted))
    done = 0
    for file in bundle.manifest.files:
        member = there.get(file.path)
        if member is None:
            found.append(_problem(bundle, file.path, "it is missing"))
        elif member.problem is None:
            reason = _wrong_with(bundle, file, member.size_bytes)
            found += [_problem(bundle, file.path, reason)] if reason else []
        done += file.size_bytes
        tell(done, bundle.manifest.size_bytes)
    return tuple(found)


def check_whole(bundle: Bundle, tell: Tell = lambda done, of: None) -> None:
    """Raise DeeprigError, naming the first places, where a bundle is not whole."""
    problems = problems_of(bundle, tell)
    if problems:
        more = f"\n... and {len(problems) - 5} more" if len(problems) > 5 else ""
        raise DeeprigError(
            "\n".join(str(problem) for problem in problems[:5]) + more,
            remedy="copy the bundle again; 'deeprig bundle check' tells everything",
        )


def _of_names(bundle: Bundle, wanted: dict[str, BundleFile]) -> Iterator[Problem]:
    for member in bundle.members:
        if member.problem is not None:
            yield _problem(bundle, member.path, member.problem)
        elif member.path not in wanted and member.path != MANIFEST:
            yield _problem(bundle, member.path, "the manifest does not name it")


def _wrong_with(bundle: Bundle, file: BundleFile, size_bytes: int) -> str | None:
    if size_bytes != file.size_bytes:
        return f"it has {size_bytes} bytes, not {file.size_bytes}"
    digest = hashlib.sha256()
    try:
        with bundle.open(file) as content:
            while chunk := content.read(_CHUNK_BYTES):
                digest.update(chunk)
    except OSError as error:
        return f"it cannot be read: {error}"
    if digest.hexdigest() != file.sha256:
        return f"its SHA-256 is {digest.hexdigest()}, not {file.sha256}"
    return None


def _problem(bundle: Bundle, path: str, reason: str) -> Problem:
    # A name from an archive may hold what a terminal would obey.
    shown = path if path.isprintable() else repr(path)
    return Problem(f"{bundle.path}: {shown}", reason)
