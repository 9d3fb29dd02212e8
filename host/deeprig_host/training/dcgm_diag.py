"""NVIDIA's ``dcgmi diag``, where the machine has it: its own tests of each GPU."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from deeprig_host.training import outside_program
from deeprig_host.training.cases import CaseContext, CaseResult, judged, skipped
from deeprig_host.training.evaluation import Check

PROGRAM = "dcgmi"
#: Level 2 takes about two minutes a GPU; cards that are made for desks are given level 1's tests,
#: the others are told as skipped.
LEVEL = 2
_LIMIT_SECONDS = 900
#: Of DCGM 4 (testing/python3/dcgm_diag_schema.json), and of DCGM 3.
_NAMES = ("DCGM Diagnostic", "DCGM GPU Diagnostic")
_GOOD, _SKIPPED = "Pass", ("Skip", "Not Run")


@dataclass(frozen=True, slots=True)
class Finding:
    """How one test ended for one GPU (or for the machine), in its own word, and what it warned."""

    test: str
    entity: str
    status: str
    warnings: tuple[str, ...] = ()

    def describe(self) -> str:
        """Return it in one line."""
        told = f": {'; '.join(self.warnings)}" if self.warnings else ""
        return f"{self.test} {self.entity} {self.status}{told}"


def run_case(context: CaseContext) -> CaseResult:
    """Have the diagnosis made, and judge it. Without the program or its engine: skipped."""
    if not outside_program.is_there(PROGRAM):
        return skipped("dcgmi is not installed (DCGM, the package datacenter-gpu-manager)")
    context.emit(0.0, f"dcgmi diag, level {LEVEL}")
    try:
        findings = diagnose()
    except RuntimeError as problem:
        return skipped(f"dcgmi gave no diagnosis; does its service nvidia-dcgm run? {problem}")
    told = {"skipped": skipped_in(findings), "level": LEVEL}
    return judged(judge(findings, context.gpu_count), (), {}, told)


def diagnose() -> tuple[Finding, ...]:
    """Run the diagnosis. Raise RuntimeError where it gives no answer: its engine must run."""
    command = (PROGRAM, "diag", "-r", str(LEVEL), "-j")
    return outside_program.ask(command, _LIMIT_SECONDS, parse)


def parse(text: str) -> tuple[Finding, ...]:
    """Return its findings. Raise ValueError, KeyError or TypeError for another form."""
    document = json.loads(text[text.index("{") : text.rindex("}") + 1])
    told = next((document[name] for name in _NAMES if name in document), None)
    if told is None:
        raise ValueError("no diagnosis in it")
    if told.get("runtime_error"):
        raise ValueError(told["runtime_error"])
    return tuple(
        _finding(test["name"], result)
        for category in told["test_categories"]
        for test in category["tests"]
        for result in test["results"]
    )


def judge(findings: tuple[Finding, ...], gpu_count: int) -> tuple[Check, ...]:
    """Nothing failed, and on each GPU something passed: all tests skipped prove nothing."""
    bad = [one.describe() for one in findings if one.status not in (_GOOD, *_SKIPPED)]
    passed = {
        one.entity for one in findings if one.status == _GOOD and one.entity.startswith("GPU")
    }
    return (
        Check("dcgmi: no test fails", not bad, "none", "; ".join(bad) or "none"),
        Check(
            "dcgmi: each GPU passed a test",
            len(passed) >= gpu_count,
            f"{gpu_count} GPUs",
            f"{len(passed)}: {', '.join(sorted(passed))}",
        ),
    )


def skipped_in(findings: tuple[Finding, ...]) -> tuple[str, ...]:
    """Return the tests that it did not make, for any GPU."""
    return tuple(dict.fromkeys(one.test for one in findings if one.status in _SKIPPED))


def _finding(test: str, told: dict[str, Any]) -> Finding:
    warnings = told.get("warnings", ())
    listed = [warnings] if isinstance(warnings, str) else warnings
    texts = (w["warning"] if isinstance(w, dict) else str(w) for w in listed)
    return Finding(test, _entity(told), told["status"], tuple(" ".join(t.split()) for t in texts))


def _entity(told: dict[str, Any]) -> str:
    """Return which GPU: DCGM 4 names any kind of thing, DCGM 3 GPUs by their numbers."""
    if "entity_group" in told:
        return f"{told['entity_group']} {told['entity_id']}"
    number = told.get("gpu_id", told.get("gpu_ids"))
    return "machine" if number is None else f"GPU {number}"
