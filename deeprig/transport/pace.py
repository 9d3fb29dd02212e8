"""Two of pyinfra's functions, computed with less work; they return what pyinfra's own do.

Measured on a no-op apply of 70 operations: the order of an operation was read off the whole call
stack, source files included (0.36 s), and the type hints of the global arguments were worked out
anew for every fact and operation (0.19 s).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from types import FrameType
from typing import Any

import pyinfra
from pyinfra.api import arguments
from pyinfra.api.util import PYINFRA_INSTALL_DIR


def quicken() -> None:
    """Put both in place, once for this process."""
    if not hasattr(arguments.all_global_arguments, "deeprig_original"):
        _replace(arguments, "all_global_arguments", cached(arguments.all_global_arguments))
    operation = import_module("pyinfra.api.operation")  # as an attribute it is the decorator
    order = getattr(operation, "get_operation_order_from_stack", None)
    if order is not None and not hasattr(order, "deeprig_original"):
        _replace(operation, "get_operation_order_from_stack", operation_order)


def cached(original: Callable[[], list[tuple[str, type]]]) -> Callable[[], list[tuple[str, type]]]:
    """Return a function that works the list out once; each caller gets a list of its own."""
    once = lru_cache(maxsize=1)(original)
    return lambda: list(once())


def operation_order(state: Any) -> list[int]:
    """Return the line numbers that led to an operation, from the deploy file on, outermost first.

    pyinfra sorts operations by them, and tells two of the same name apart.
    """
    frames = _frames(sys._getframe(1))
    named = state.current_deploy_filename
    first = 0
    if named:
        places = (i for i, frame in enumerate(frames) if frame.f_code.co_filename == named)
        # Where it is not among them pyinfra begins at the last, which is itself.
        first = next(places, len(frames))
    lines = [
        frame.f_lineno
        for frame in frames[first:]
        if not frame.f_code.co_filename.startswith(PYINFRA_INSTALL_DIR)
    ]
    return [state.current_op_file_number, *lines] if pyinfra.is_cli else lines


def _frames(innermost: FrameType) -> list[FrameType]:
    frames = []
    frame: FrameType | None = innermost
    while frame is not None:
        frames.append(frame)
        frame = frame.f_back
    return frames[::-1]


def _replace(module: Any, name: str, function: Any) -> None:
    setattr(function, "deeprig_original", getattr(module, name))  # noqa: B010 - no such attribute
    setattr(module, name, function)
