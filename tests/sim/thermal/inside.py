"""Have nvidia-ml-py of this very process talk to a simulated machine, for a while."""

from __future__ import annotations

import _ctypes
import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pynvml

VARIABLE = "DEEPRIG_SIM_THERMAL"


@contextmanager
def nvml_of(library: Path, directory: Path) -> Iterator[None]:
    """Make pynvml load the simulated library, with the state in a directory; undo it after.

    What pynvml loads by name, the loader answers with what already has that name.
    """
    before = os.environ.get(VARIABLE)
    _forget()
    ours = ctypes.CDLL(str(library))
    os.environ[VARIABLE] = str(directory)
    try:
        yield
    finally:
        _forget()
        _ctypes.dlclose(ours._handle)
        os.environ.pop(VARIABLE)
        if before is not None:
            os.environ[VARIABLE] = before


def _forget() -> None:
    """Close the library that pynvml has loaded, if any: it would keep it for ever."""
    loaded = pynvml.nvmlLib
    pynvml.nvmlLib = None
    pynvml._nvmlGetFunctionPointer_cache.clear()
    if loaded is not None:
        _ctypes.dlclose(loaded._handle)
