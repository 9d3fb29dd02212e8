"""Errors a user can cause, named as conda names them."""

from __future__ import annotations

from collections.abc import Iterable


class CondaError(Exception):
    """A failure with the class name that conda prints; the program exits with 1."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


def packages_not_found(specs: Iterable[str], channels: Iterable[str]) -> CondaError:
    """Return conda's PackagesNotFoundError."""
    missing = "\n".join(f"  - {spec}" for spec in specs)
    searched = "\n".join(f"  - {channel}" for channel in channels)
    return CondaError(
        "PackagesNotFoundError",
        "The following packages are not available from current channels:\n\n"
        f"{missing}\n\nCurrent channels:\n\n{searched}\n",
    )


def not_an_environment(prefix: object) -> CondaError:
    """Return conda's EnvironmentLocationNotFound."""
    return CondaError("EnvironmentLocationNotFound", f"Not a conda environment: {prefix}\n")
