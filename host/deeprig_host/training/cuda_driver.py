"""Whether NVIDIA's driver starts, asked of the driver itself: frameworks do not all say why not."""

from __future__ import annotations

import ctypes

_LIBRARY = "libcuda.so.1"


def driver_problem() -> str | None:
    """Return why CUDA's driver does not start, or None where it does.

    ``cuInit`` (CUDA Driver API, "Initialization") is the first call of every CUDA program.
    """
    try:
        driver = ctypes.CDLL(_LIBRARY)
    except OSError as problem:
        return f"no driver: {problem}"
    code = int(driver.cuInit(0))
    return None if code == 0 else f"cuInit says {_error_name(driver, code)}"


def _error_name(driver: ctypes.CDLL, code: int) -> str:
    name = ctypes.c_char_p()
    is_known = driver.cuGetErrorName(code, ctypes.byref(name)) == 0 and name.value is not None
    return name.value.decode("ascii") if is_known and name.value else f"error {code}"
