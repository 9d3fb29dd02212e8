"""Run the driver program on the host and read its one JSON answer."""

from __future__ import annotations

from typing import Any

from deeprig.tasks.host_answers import Answer, run_host_program

__all__ = ["Answer", "run_driver"]


def run_driver(command: str, *arguments: str, order: dict[str, Any] | None = None) -> Answer:
    """Run ``driver COMMAND`` on the host in context, with an order on its standard input."""
    return run_host_program("driver", command, *arguments, order=order)
