"""Write patterns to memory and read them back: a program of its own, ``PYTHON -I ram_worker.py``.

It prints one JSON object per region and pattern. What is tested is memory under load beside the
GPUs, not every cell of it (memtest86+ does that).
"""

from __future__ import annotations

import argparse
import ctypes
import itertools
import json
import mmap
import signal
import sys
import time

_BLOCK_BYTES = 1 << 20
#: Written, then read back: more than any cache holds.
_REGION_BLOCKS = 256
#: All ones, all zeros, and both kinds of neighbours.
_PATTERNS = (0x00, 0xFF, 0xAA, 0x55)
_PR_SET_PDEATHSIG = 1


def main() -> int:
    """Work for a while; return 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mebibytes", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    options = parser.parse_args()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    memory = mmap.mmap(-1, options.mebibytes * _BLOCK_BYTES)
    _print("ready", mebibytes=options.mebibytes)
    sys.stdin.readline()
    until = time.monotonic() + options.seconds
    for number in itertools.count():
        if time.monotonic() >= until:
            break
        region, kind = divmod(number, len(_PATTERNS))
        pattern = _PATTERNS[kind]
        begin = region * _REGION_BLOCKS % options.mebibytes
        blocks = range(begin, min(begin + _REGION_BLOCKS, options.mebibytes))
        _print("pass", mebibytes=len(blocks), wrong=_wrong_blocks(memory, blocks, pattern))
    _print("end")
    return 0


def _wrong_blocks(memory: mmap.mmap, blocks: range, pattern: int) -> int:
    """Write a pattern to blocks, read it back, and return how many are wrong."""
    block = bytes([pattern]) * _BLOCK_BYTES
    for number in blocks:
        memory[number * _BLOCK_BYTES : (number + 1) * _BLOCK_BYTES] = block
    # Slices of a map are copies: compared at the speed of memory.
    return sum(
        memory[number * _BLOCK_BYTES : (number + 1) * _BLOCK_BYTES] != block for number in blocks
    )


def _print(event: str, **told: object) -> None:
    sys.stdout.write(json.dumps({"event": event, **told}) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
