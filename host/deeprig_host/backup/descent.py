"""Go down to where a restored thing belongs, without following a link that a user put there."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from deeprig_host.backup.snapshots import Node
from deeprig_host.backup.target import open_target

_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


@contextlib.contextmanager
def open_parent(target: Path, path: str, nodes: Mapping[str, Node]) -> Iterator[int]:
    """Open the directory below ``target`` that ``path`` lies in; make what is missing of it.

    What is made gets owner and mode of the snapshot's (``nodes``). Raise OSError, its ``filename``
    the path, where something else than a directory stands in the way; on the way to ``target``
    links are followed that are root's own.
    """
    with contextlib.ExitStack() as opened:
        here = open_target(opened, target)
        for above in reversed(PurePosixPath(path).parents[:-1]):
            node = nodes.get(str(above))
            try:
                here = _enter(opened, above.name, here, node)
            except OSError as error:
                raise _explained(error, str(target / str(above).lstrip("/"))) from error
        yield here


def _explained(error: OSError, path: str) -> OSError:
    is_no_directory = error.errno in (errno.ENOTDIR, errno.ELOOP)
    words = "a link or a file stands where the snapshot has a directory"
    return OSError(error.errno, words if is_no_directory else error.strerror, path)


def _enter(opened: contextlib.ExitStack, name: str, above: int, node: Node | None) -> int:
    try:
        os.mkdir(name, 0o700, dir_fd=above)
    except FileExistsError:
        return _open(opened, name, above, os.O_NOFOLLOW)
    made = _open(opened, name, above, os.O_NOFOLLOW)
    if node is not None:
        os.fchown(made, node.uid, node.gid)
        os.fchmod(made, node.mode)
    return made


def _open(opened: contextlib.ExitStack, name: str, above: int, flags: int) -> int:
    descriptor = os.open(name, _OPEN | flags, dir_fd=above)
    opened.callback(os.close, descriptor)
    return descriptor
