"""Take what a verified host measured out of its checks: good, whole and real runs only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deeprig.baselines.change import CUDA, DRIVER, FRAMEWORK, KERNEL, PYTHON
from deeprig.baselines.model import Measured, Run
from deeprig.certificate.read_training import read_training
from deeprig.certificate.training import Training
from deeprig.report.model import CheckResult, HostVerification
from deeprig.report.numbers import finite_number

#: Of ``host/deeprig_host/training/suite_document.py``.
_SCHEMA = "deeprig.training/2"
_CPU = "cpu"


@dataclass(frozen=True, slots=True)
class Trained:
    """A check that holds a run of the suite; ``run`` None: ``reason`` says why none counts."""

    check: CheckResult
    test: str
    run: Run | None
    reason: str = ""


def trained_in(host: HostVerification) -> tuple[Trained, ...]:
    """Return the runs of the suite that a host's checks hold."""
    simulated = {check.environment for check in host.checks if check.simulated}
    return tuple(
        _trained(check, host.facts, is_simulated=check.environment in simulated)
        for check in host.checks
        if check.data.get("schema") == _SCHEMA
    )


def _trained(check: CheckResult, facts: Mapping[str, Any], *, is_simulated: bool) -> Trained:
    training = read_training(check.data, check.environment, is_simulated=is_simulated)
    test = "-".join(filter(None, (training.framework, training.backend)))
    hardware = _hardware(training, check.data, facts)
    reason = _unusable(check, training) or (
        "" if hardware else "the document and the host's facts do not name the hardware"
    )
    if reason:
        return Trained(check, test, None, reason)
    run = Run(
        environment=check.environment or "",
        test=test,
        profile=training.profile,
        hardware=hardware,
        software=_software(training, check.data, facts),
        values=_values(training),
        burn_minutes=finite_number(check.data.get("burn_minutes")),
    )
    return Trained(check, test, run)


def _unusable(check: CheckResult, training: Training) -> str:
    """Return why a run's numbers promise nothing, "" where they do."""
    if training.problems:
        return f"the document is not understood: {training.problems[0]}"
    if training.is_cut:
        return "the run was cut"
    bad = [case.name for case in training.cases if case.outcome not in ("pass", "skip")]
    if check.outcome != "pass" or training.told != "pass" or bad:
        return ": ".join(filter(None, ("the run did not pass", ", ".join(bad))))
    if training.is_simulated or any(case.is_simulated for case in training.cases):
        return "the run was simulated"
    return ""


def _hardware(training: Training, data: Mapping[str, Any], facts: Mapping[str, Any]) -> str:
    """Return GPUs and CPU in words, "" where what computed is not known."""
    cpu = facts.get("cpu")
    if training.device == _CPU:
        return cpu if isinstance(cpu, str) else ""
    cuda = data.get("cuda")
    names = cuda.get("names") if isinstance(cuda, dict) else None
    if not isinstance(names, list) or not names:
        return ""
    counts = Counter(map(str, names))
    gpus = [f"{count} x {name}" for name, count in sorted(counts.items())]
    return ", ".join((*gpus, cpu if isinstance(cpu, str) else "unknown CPU"))


def _software(
    training: Training, data: Mapping[str, Any], facts: Mapping[str, Any]
) -> dict[str, str]:
    """Return the versions of what may explain a change, without those that are not known."""
    cuda = data.get("cuda")
    on_gpu = training.device != _CPU
    versions = data.get("versions")
    packages = versions if isinstance(versions, dict) else {}
    known = {
        DRIVER: facts.get("nvidia_driver") if on_gpu else None,
        FRAMEWORK: f"{training.framework} {training.framework_version}".strip(),
        CUDA: cuda.get("build") if on_gpu and isinstance(cuda, dict) else None,
        KERNEL: facts.get("kernel"),
        PYTHON: training.python_version,
    }
    return {
        str(name): version
        for name, version in (packages | known).items()
        if isinstance(version, str) and version
    }


def _values(training: Training) -> tuple[Measured, ...]:
    """Return the numbers that have a direction; of two with one name the first."""
    found: dict[str, Measured] = {}
    for case in training.cases:
        if case.outcome != "pass":
            continue
        for one in case.measurements:
            if one.better is not None:
                measured = Measured(case.name, one.name, one.unit, one.better, one.value)
                found.setdefault(measured.test, measured)
    return tuple(found.values())
