"""Which driver a CUDA version needs, and which GPUs it still drives.

Sources, named in each row: NVIDIA's "Minor version compatibility" (floors), the CUDA release
notes' table of toolkits and drivers (paired drivers), the CUDA 13.0 release notes (dropped GPUs).
"""

from __future__ import annotations

from dataclasses import dataclass

_MINOR = "NVIDIA CUDA compatibility guide, minor version compatibility"
_NOTES = "NVIDIA CUDA toolkit release notes, table of toolkits and drivers"


@dataclass(frozen=True, slots=True)
class CudaMajor:
    """A CUDA major version: programs of any minor version of it run from ``floor`` on.

    ``lowest_capability`` is the lowest compute capability that it still builds for and drives.
    """

    major: int
    floor: str
    lowest_capability: tuple[int, int]
    source: str


@dataclass(frozen=True, slots=True)
class ToolkitDriver:
    """A toolkit and the driver it comes with; that driver or a newer one has all its features."""

    toolkit: str
    driver: str
    source: str


MAJORS: tuple[CudaMajor, ...] = (
    CudaMajor(11, "450.80.02", (3, 5), _MINOR),
    CudaMajor(12, "525.60.13", (5, 0), _MINOR),
    CudaMajor(13, "580.65.06", (7, 5), f"{_MINOR}; CUDA 13.0 release notes"),
)

TOOLKIT_DRIVERS: tuple[ToolkitDriver, ...] = tuple(
    ToolkitDriver(toolkit, driver, _NOTES)
    for toolkit, driver in (
        ("11.8", "520.61.05"),
        ("12.0", "525.60.13"),
        ("12.1", "530.30.02"),
        ("12.2", "535.54.03"),
        ("12.3", "545.23.06"),
        ("12.4", "550.54.14"),
        ("12.5", "555.42.02"),
        ("12.6", "560.28.03"),
        ("12.8", "570.26"),
        ("12.9", "575.51.03"),
        ("13.0", "580.65.06"),
        ("13.1", "590.44.01"),
        ("13.2", "595.45.04"),
        ("13.3", "610.43.02"),
    )
)

#: The first toolkit that builds for a compute capability (CUDA release notes).
FIRST_TOOLKIT_OF_CAPABILITY: tuple[tuple[tuple[int, int], str, str], ...] = (
    ((8, 9), "11.8", _NOTES),
    ((9, 0), "11.8", _NOTES),
    ((10, 0), "12.8", _NOTES),
    ((10, 3), "12.9", _NOTES),
    ((12, 0), "12.8", _NOTES),
    ((12, 1), "12.9", _NOTES),
)


def cuda_major(major: int) -> CudaMajor | None:
    """Return the row of a CUDA major version, or None for one this table does not know."""
    return next((row for row in MAJORS if row.major == major), None)


def paired_driver(toolkit: str) -> ToolkitDriver | None:
    """Return the driver a toolkit (``13.0``) comes with, or None for an unknown toolkit."""
    series = ".".join(toolkit.split(".")[:2])
    return next((row for row in TOOLKIT_DRIVERS if row.toolkit == series), None)
