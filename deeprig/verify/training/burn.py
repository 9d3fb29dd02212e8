"""Burn the machine in with an environment's PyTorch: the suite's case ``burn``."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from deeprig.verify.training.events import CaseEnded, Heard
from deeprig.verify.training.over_ssh import run_script
from deeprig.verify.training.proof import Proof
from deeprig.verify.training.request import Profile

#: Of a burn's document of its own (docs/certificate.md).
_SCHEMA = "deeprig.burn/1"
#: Has what watches the GPUs; roles place it (deeprig.tasks.host_environment).
_PROGRAM = ("/opt/deeprig/environment/bin/python", "-I", "-m", "deeprig_host.burn", "run")
_MISSING = "no-burn-program"
#: The facts say a minute by default and minutes for acceptance; a night belongs to a soak test.
MINUTES: dict[Profile, float] = {"acceptance": 5.0, "soak": 240.0}
_GROUP = "burn"
#: Beyond the burn itself: imports, the first context of CUDA, and the end of what hangs.
_MORE_SECONDS = 900
_GIVEN_UP_SECONDS = 180


@dataclass(frozen=True, slots=True)
class BurnRequest:
    """What is to burn, with the PyTorch of which environment; ``gpu_count`` 0: the CPU alone."""

    environment_path: str
    gpu_count: int
    minutes: float
    profile: Profile

    @property
    def device(self) -> str:
        """Return what burns, in the words of a burn's document."""
        return ", ".join(f"GPU {number}" for number in range(self.gpu_count)) or "CPU"

    @property
    def longest_seconds(self) -> float:
        """Return after which time the host ends it."""
        return self.minutes * 60 + _MORE_SECONDS

    @property
    def script(self) -> str:
        """Return a shell script; ``burn`` itself lets nobody's rights compute."""
        wanted = ("--seconds", f"{self.minutes * 60:g}", "--gpus", str(self.gpu_count))
        python = f"{self.environment_path}/bin/python"
        timed = ("timeout", "--kill-after=60", f"{self.longest_seconds:g}")
        run = shlex.join((*timed, *_PROGRAM, "--python", python, *wanted))
        return f"[ -x {_PROGRAM[0]} ] || {{ echo {_MISSING} >&2; exit 2; }}\nexec {run}\n"


def burn_in(host: Any, request: BurnRequest, on_progress: Callable[[str], None]) -> CaseEnded:
    """Return how the burn ended. Where it gave no answer that is unknown, never a pass."""
    cases: list[CaseEnded] = []
    heard = Heard(cases.append, on_progress)
    ended = run_script(
        host, request.script, b"", heard.take, request.longest_seconds + _GIVEN_UP_SECONDS
    )
    if cases and cases[-1].group == _GROUP:
        return cases[-1]
    if _MISSING in ended.errors:
        reason = (
            "the host has none of deeprig's programs in /opt/deeprig/environment: have a role that "
            "places them (cooling, monitoring, backup), and apply"
        )
    else:
        reason = f"the burn gave no answer (exit {ended.code}): {ended.errors[-600:]}"
    told = {"name": _GROUP, "group": _GROUP, "outcome": "unknown", "reason": reason, "seconds": 0.0}
    empty: dict[str, Any] = {"checks": [], "measurements": [], "curves": {}, "data": {}}
    return CaseEnded(_GROUP, _GROUP, None, is_skipped=False, reason=reason, seconds=0.0,
                     told=told | empty)  # fmt: skip


def with_burn(proof: Proof, burned: CaseEnded, request: BurnRequest) -> Proof:
    """Return a suite's proof with the burn among its cases; both must be good.

    Where the suite gave no document it stays unproven, and what the burn measured is not lost.
    """
    told = "burned in" if burned.is_good else f"burn: {burned.reason}"
    evidence = f"{proof.evidence}; {told}"
    has_document = proof.is_good is not None
    if not has_document and burned.is_good is None:
        return Proof(None, evidence)
    before = proof.data if has_document else _own_document(request)
    cases = [*before.get("cases", ()), dict(burned.told)]
    data = before | {"cases": cases, "burn_minutes": request.minutes}
    if burned.is_good:
        return Proof(proof.is_good, evidence, data)
    data["outcome"] = "fail"
    is_unknown = not has_document or (burned.is_good is None and proof.is_good)
    return Proof(None if is_unknown else False, evidence, data)


def _own_document(request: BurnRequest) -> dict[str, Any]:
    """Return a burn's document without its case. Its cases say how it went, not its outcome."""
    return {
        "schema": _SCHEMA,
        "framework": None,
        "profile": request.profile,
        "device": request.device,
        "seed": None,
        "versions": {},
        "outcome": "pass",
        "is_cut": False,
    }
