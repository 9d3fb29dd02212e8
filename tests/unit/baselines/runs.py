"""Made-up verifications of hosts that trained, for tests of baselines: no machine printed them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from deeprig.baselines.judge import compare_host
from deeprig.report.model import CheckResult, HostVerification

CPU = "AMD EPYC 9354 32-Core Processor, 64 CPUs"
GPU = "NVIDIA GeForce RTX 4090"
NEW_YEAR = "2026-01-01T00:00:00Z"
RATE = "cnn: samples"


def document(rate: float | None = 100.0, **more: Any) -> dict[str, Any]:
    """Return a document of the suite whose case ``cnn`` reached a rate, and took some time."""
    case = {
        "name": "cnn", "group": "life", "outcome": "pass", "reason": "", "seconds": 1.0,
        "checks": [{"name": "learns", "is_good": True, "expected": "yes", "actual": "yes"}],
        "measurements": [
            {"name": "samples", "value": rate, "unit": "1/s", "better": "higher"},
            {"name": "step", "value": 1.5, "unit": "ms", "better": "lower"},
            {"name": "epochs", "value": 12.0, "unit": "epochs", "better": None},
        ],
        "curves": {}, "data": {},
    }  # fmt: skip
    return {
        "schema": "deeprig.training/2", "framework": "pytorch", "framework_version": "2.13.0",
        "backend": None, "python_version": "3.13.5", "profile": "smoke", "device": "cuda:0",
        "seed": 7, "outcome": "pass", "evidence": "made up",
        "cuda": {"build": "13.0", "is_available": True, "device_count": 1, "names": [GPU],
                 "error": None},
        "versions": {"torch": "2.13.0"}, "cases": [case], "is_cut": False, **more,
    }  # fmt: skip


def trained(data: dict[str, Any], **more: Any) -> CheckResult:
    told = {"outcome": "pass", "environment": "torch", "evidence": "made up", **more}
    return CheckResult("rig1", "conda", "it trains (pytorch)", data=data, **told)


def host(*checks: CheckResult, name: str = "rig1", **facts: Any) -> HostVerification:
    known = {"cpu": CPU, "nvidia_driver": "580.95.05", "kernel": "6.12.48-amd64", **facts}
    return HostVerification.of_checks(name, checks, facts=known)


class Rig:
    """A host of a lab that is verified again and again."""

    def __init__(self, lab: Path, name: str = "rig1") -> None:
        self.lab = lab
        self.name = name

    @property
    def path(self) -> Path:
        return self.lab / ".deeprig" / "baselines" / f"{self.name}.jsonl"

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The history as it lies on the disk."""
        text = self.path.read_text() if self.path.exists() else ""
        return [json.loads(line) for line in text.split("\n") if line]

    @property
    def rates(self) -> list[float]:
        return [line["runs"][0]["values"][0]["value"] for line in self.lines]

    def checks(
        self,
        rate: float | None = 100.0,
        *,
        accepts: bool = False,
        when: str = NEW_YEAR,
        facts: dict[str, Any] | None = None,
        **about: Any,
    ) -> tuple[CheckResult, ...]:
        verified = host(trained(document(rate, **about)), name=self.name, **(facts or {}))
        return compare_host(self.lab, verified, when, accepts=accepts)

    def verify(self, rate: float | None = 100.0, **more: Any) -> CheckResult:
        """Verify once and return the one check of its run."""
        (check,) = self.checks(rate, **more)
        return check

    def history(self, *rates: float, **more: Any) -> None:
        """Verify with each rate; every one must become history."""
        before = len(self.lines)
        for rate in rates:
            self.verify(rate, **more)
        assert len(self.lines) == before + len(rates)


def comparison(check: CheckResult, test: str = RATE, against: str = "its own history") -> Any:
    """Return one comparison of a check."""
    (found,) = [
        one for one in check.data["comparisons"] if (one["test"], one["against"]) == (test, against)
    ]
    return found
