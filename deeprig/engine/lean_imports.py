"""Start sooner: what every run would load, and hardly any needs, is loaded when it is used."""

from __future__ import annotations

import gc
import importlib.metadata
import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from types import ModuleType
from typing import Any


class _Unloaded(ModuleType):
    """A module that is executed when somebody takes the first thing out of it.

    Not importlib.util.LazyLoader's: that one is executed by a plain ``import`` already, which looks
    at its ``__spec__``.
    """

    def __getattr__(self, name: str) -> Any:
        """Execute the module, and return what was asked for. Raise AttributeError."""
        if name.startswith("__") or self.__spec__ is None or self.__spec__.loader is None:
            raise AttributeError(name)  # whoever only looks what it is: inspect, warnings
        # Ordinary from here on: what it takes out of itself meanwhile does not execute it again.
        self.__class__ = ModuleType  # type: ignore[assignment]
        self.__spec__.loader.exec_module(self)
        return getattr(self, name)


def load_when_used(name: str) -> None:
    """Have ``import name`` cost nothing until somebody takes something out of that module.

    One that is loaded already stays as it is, and one that is not installed is not to be found.
    """
    if name in sys.modules:
        return
    spec = importlib.util.find_spec(name)
    if spec is None or spec.loader is None:
        return
    module = importlib.util.module_from_spec(spec)
    module.__class__ = _Unloaded
    sys.modules[name] = module


@contextmanager
def entry_points_read_once() -> Iterator[None]:
    """Within it, the entry points of all installed packages are read from disk only once.

    Whoever asks gets the same answer as ever. gevent asks for each module that it patches, and
    each time Python reads the metadata of every package there is.
    """
    ask = importlib.metadata.entry_points
    everything: Callable[[], Any] = lru_cache(maxsize=1)(ask)

    def answer(**wanted: Any) -> Any:
        return everything().select(**wanted) if wanted else everything()

    setattr(importlib.metadata, "entry_points", answer)  # noqa: B010 - a function is no variable
    try:
        yield
    finally:
        setattr(importlib.metadata, "entry_points", ask)  # noqa: B010 - see above


@contextmanager
def everything_stays() -> Iterator[None]:
    """Within it nothing is looked through for garbage, nor is later what was made within it.

    For loading what a run has to its end: modules, settings, templates. Python would look through
    all of it again and again while it grows (gc.freeze in Python's documentation).
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
