"""What the engine tells while it runs; the command line decides how to show it."""

from __future__ import annotations

from typing import Protocol

from deeprig.report.model import HostRun, OperationResult


class Progress(Protocol):
    """Receives events. Called from the hosts' greenlets, one at a time."""

    def host_connecting(self, host: str) -> None:
        """Note that a connection attempt starts."""

    def host_ready(self, host: str, operation_count: int) -> None:
        """Note that the host is connected and its operations are known."""

    def operation_started(self, host: str, role: str, name: str, position: int) -> None:
        """Note that operation number ``position`` (from 1) of the host starts."""

    def operation_says(self, host: str, role: str, name: str, told: str) -> None:
        """Note what an operation under way waits for."""

    def operation_finished(self, host: str, result: OperationResult) -> None:
        """Note an operation's result."""

    def host_finished(self, run: HostRun) -> None:
        """Note that nothing more happens on this host."""

    def stopping(self, in_flight: tuple[tuple[str, str], ...]) -> None:
        """Note that the person asked to stop; (host, operation) pairs are still under way."""


class Silence:
    """A progress that shows nothing (``--json`` and tests)."""

    def host_connecting(self, host: str) -> None:
        """Show nothing."""

    def host_ready(self, host: str, operation_count: int) -> None:
        """Show nothing."""

    def operation_started(self, host: str, role: str, name: str, position: int) -> None:
        """Show nothing."""

    def operation_says(self, host: str, role: str, name: str, told: str) -> None:
        """Show nothing."""

    def operation_finished(self, host: str, result: OperationResult) -> None:
        """Show nothing."""

    def host_finished(self, run: HostRun) -> None:
        """Show nothing."""

    def stopping(self, in_flight: tuple[tuple[str, str], ...]) -> None:
        """Show nothing."""
