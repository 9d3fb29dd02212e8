"""JAX compiles less, and what it compiled is kept for a run: most of what short trainings take.

Cases, and the processes that they start, compile the same programs again: Keras compiles anew for
every model. JAX keeps them in files by what they are compiled from, XLA's flags with it
(docs.jax.dev, "Persistent compilation cache"); a fault in one run never reaches another, since each
has its own working directory.
"""

from __future__ import annotations

import os
from pathlib import Path

_DIRECTORY = "xla-cache"


def keep_compiled(framework: str, backend: str | None, workdir: Path) -> None:
    """Tell JAX, before its import, and what is started later. What the user has set stays."""
    if "jax" not in (framework, backend):
        return
    told = {
        "JAX_COMPILATION_CACHE_DIR": str(workdir / _DIRECTORY),
        # Without these only what took a second is kept (jax/_src/config.py).
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
        # Random numbers that can be drawn in parts by several devices are three times the work to
        # compile ("Generating random numbers on multiple devices", docs.jax.dev); this is one.
        "JAX_THREEFRY_PARTITIONABLE": "0",
    }
    for name, value in told.items():
        os.environ.setdefault(name, value)
