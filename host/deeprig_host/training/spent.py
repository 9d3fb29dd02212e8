"""What a run of the suite cost: the framework's import, and all that came after it.

The promise is of the time after imports. Processor time is told beside it, since seconds on a
machine that others use say little of the suite.
"""

from __future__ import annotations

import resource
import time
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds; None is what a run did not come to.

    ``seconds_imports`` is the framework's own import. What cases import themselves (scikit-learn,
    TensorBoard), and the processes that they start, imports and all, are in what comes after.
    """

    seconds_imports: float | None = None
    seconds_after_imports: float | None = None
    cpu_seconds_after_imports: float | None = None

    def tell(self) -> dict[str, Any]:
        """Return it as JSON knows it."""
        return {
            "seconds_imports": self.seconds_imports,
            "seconds_after_imports": self.seconds_after_imports,
            "cpu_seconds_after_imports": self.cpu_seconds_after_imports,
        }

    def describe(self) -> str:
        """Return it in words, "" where nothing came after imports."""
        if self.seconds_after_imports is None or self.cpu_seconds_after_imports is None:
            return ""
        cpu = f"{self.cpu_seconds_after_imports:.1f} s of processor time"
        return f"{self.seconds_after_imports:.1f} s after imports ({cpu})"


class Clock:
    """Runs from where it is made."""

    def __init__(self) -> None:
        self._begun = time.monotonic()
        self._imported: tuple[float, float] | None = None

    def imported(self) -> None:
        """Note that imports are over."""
        self._imported = time.monotonic(), _cpu_seconds()

    def spent(self) -> Spent:
        """Return what was spent until now."""
        if self._imported is None:
            return Spent()
        seconds, cpu_seconds = self._imported
        return Spent(
            round(seconds - self._begun, 3),
            round(time.monotonic() - seconds, 3),
            round(_cpu_seconds() - cpu_seconds, 3),
        )


def _cpu_seconds() -> float:
    """Return the processor time of this process and of those that it waited for."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in both)
