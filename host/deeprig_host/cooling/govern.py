"""What is to happen with a GPU's fans now: control and fail-safe together. Pure, one GPU, one step.

In virtual time::

    state = GpuState()
    order, state = govern(observed, settings, FanRange(30, 100), state, seconds=2.0)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from deeprig_host.cooling.control import ControlState, decide
from deeprig_host.cooling.declared import GpuSettings
from deeprig_host.cooling.reading import FanRange, Reading
from deeprig_host.cooling.trust import RECOVERY_SECONDS, Fault, Trust, judge

#: What the status says of a GPU.
Mode = Literal["curve", "target", "monitor", "failsafe", "released", "lost"]


@dataclass(frozen=True, slots=True)
class Order:
    """What the fans of a GPU shall do: blow at ``percent``, or, at None, obey the card itself."""

    percent: int | None
    mode: Mode
    reason: str


@dataclass(frozen=True, slots=True)
class GpuState:
    """What the next step needs to know: the trust in the readings, and the control's own."""

    trust: Trust = field(default_factory=Trust)
    control: ControlState | None = None


def govern(
    observed: Reading | Fault,
    settings: GpuSettings,
    fans: FanRange,
    before: GpuState,
    seconds: float,
) -> tuple[Order, GpuState]:
    """Return what the fans shall do after an observation, and the state for the next step."""
    trust = judge(before.trust, observed, seconds)
    if isinstance(observed, Fault) or trust.phase != "controlled":
        return _failing(trust, observed, fans), GpuState(trust)
    decision = decide(observed, settings, fans, before.control, seconds)
    mode: Mode = "curve" if settings.target_c is None else "target"
    if decision.state.is_near_slowdown:
        mode = "failsafe"
    return Order(decision.percent, mode, decision.reason), GpuState(trust, decision.state)


def watch(observed: Reading | Fault, why: str) -> Order:
    """Return the order for a card whose fans are not ours, by declaration or by nature."""
    if isinstance(observed, Fault):
        return Order(None, "lost" if observed.is_lost else "monitor", f"{why}; {observed.reason}")
    return Order(None, "monitor", why)


def _failing(trust: Trust, observed: Reading | Fault, fans: FanRange) -> Order:
    """Return the order of the fail-safe; on a card that is gone it is tried too."""
    percent = fans.max_percent if trust.phase == "full" else None
    if isinstance(observed, Fault) and observed.is_lost:
        return Order(percent, "lost", observed.reason)
    if percent is not None:
        return Order(percent, "failsafe", trust.reason)
    good = f"; good for {trust.good_seconds:.0f} of {RECOVERY_SECONDS:.0f} s"
    return Order(None, "released", trust.reason + (good if trust.good_seconds else ""))
