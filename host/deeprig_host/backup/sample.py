"""Which files a drill restores: drawn by a seed, so that the same draw can be made again."""

from __future__ import annotations

import hashlib
import heapq
from dataclasses import dataclass, field

from deeprig_host.backup.snapshots import Node

#: So many more are drawn than wanted, to fill the room with other files where some do not fit.
_SPARE = 4


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a drill restores at most."""

    files: int = 32
    size_bytes: int = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Sample:
    """The files drawn, and of how many; what could not be drawn is counted, not hidden."""

    files: tuple[Node, ...]
    candidates: int
    #: Alone larger than the limit of the sample.
    too_large: int
    #: Names that are no UTF-8: restic's listing cannot carry them.
    unnameable: int


@dataclass(slots=True)
class Draw:
    """A draw by ``seed`` out of a listing, file by file: a listing can have millions of them.

    The files with the smallest digests of seed and path are the sample: each file has the same
    chance, whatever the order, and no more than a few are held in memory.
    """

    seed: str
    limits: Limits = field(default_factory=Limits)
    _candidates: int = 0
    _too_large: int = 0
    _unnameable: int = 0
    #: The largest lot comes first: it is the one that a smaller one replaces.
    _drawn: list[tuple[int, str, Node]] = field(default_factory=list)

    def offer(self, node: Node) -> None:
        """Take part in the draw; an empty file does not, since it would prove nothing."""
        if node.kind != "file" or node.size_bytes == 0:
            return
        if not node.is_nameable:
            self._unnameable += 1
        elif node.size_bytes > self.limits.size_bytes:
            self._too_large += 1
        else:
            self._candidates += 1
            self._put(node)

    def sample(self) -> Sample:
        """Return the files drawn, within the limits."""
        chosen: list[Node] = []
        left_bytes = self.limits.size_bytes
        for _, _, node in sorted(self._drawn, reverse=True):
            if len(chosen) < self.limits.files and node.size_bytes <= left_bytes:
                chosen.append(node)
                left_bytes -= node.size_bytes
        return Sample(tuple(chosen), self._candidates, self._too_large, self._unnameable)

    def _put(self, node: Node) -> None:
        lot = (-_lot(self.seed, node.path), node.path, node)
        if len(self._drawn) < self.limits.files * _SPARE:
            heapq.heappush(self._drawn, lot)
        else:
            heapq.heappushpop(self._drawn, lot)


def _lot(seed: str, path: str) -> int:
    told = f"{seed}\0{path}".encode("utf-8", "surrogateescape")
    return int.from_bytes(hashlib.sha256(told).digest(), "big")
