"""What a planted fault is."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutation:
    """``fails``: checks of ``case`` that must fail, others may. Empty: the case must end with an
    error whose text has ``says``. ``is_quick``: runs in every test run, not only the full one."""

    fault: str
    case: str
    edits: tuple
    fails: frozenset = frozenset()
    says: str = ""
    is_quick: bool = False


def library(file, *lines):
    """Edit: spoil something of PyTorch's after a module's imports."""
    anchor = "from __future__ import annotations\n"
    return (file, anchor, "\n".join((anchor, "import torch", *lines, "")))
