"""What is different between two runs of the same hardware, in words."""

from __future__ import annotations

from deeprig.baselines.model import Run

DRIVER, FRAMEWORK, CUDA, KERNEL, PYTHON = "driver", "framework", "CUDA", "kernel", "Python"
#: Twins have the same hardware and these: what decides how fast the same work is done.
SAME_OF_TWINS = (DRIVER, FRAMEWORK, CUDA)
_FIRST = (DRIVER, FRAMEWORK, CUDA, KERNEL, PYTHON)
_MOST_NAMED = 8
NOTHING_KNOWN = "nothing that is known"


def change_between(before: Run, now: Run) -> str:
    """Return what changed, the likeliest cause first: ``driver 580.95 -> 580.105``."""
    names = (*_FIRST, *sorted({*before.software, *now.software} - {*_FIRST}))
    told = [
        f"{name} {_version(before, name)} -> {_version(now, name)}"
        for name in names
        if before.software.get(name) != now.software.get(name)
    ]
    more = len(told) - _MOST_NAMED
    if more > 0:
        told = [*told[:_MOST_NAMED], f"and {more} more"]
    return ", ".join(told) or NOTHING_KNOWN


def are_alike(one: Run, other: Run) -> bool:
    """Say whether two runs have the software that twins must share."""
    return all(one.software.get(name) == other.software.get(name) for name in SAME_OF_TWINS)


def _version(run: Run, name: str) -> str:
    return run.software.get(name) or ("unknown" if name in _FIRST else "none")
