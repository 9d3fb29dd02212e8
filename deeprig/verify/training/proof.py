"""One training run as evidence: a check per case as it ends, and one for the whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deeprig.verify.checks import Checks
from deeprig.verify.training.events import SCHEMA, CaseEnded, Heard
from deeprig.verify.training.over_ssh import Ended, run_script
from deeprig.verify.training.request import Request, archive

_LONGEST_WORDS = 600
#: The suite's own results (its device, the framework): told by the check of the whole.
_OWN_GROUP = "suite"


@dataclass(frozen=True, slots=True)
class Proof:
    """The answer of one run. ``is_good`` is None when no document came, or another one."""

    is_good: bool | None
    evidence: str
    data: dict[str, Any] = field(default_factory=dict)


def prove_training(
    host: Any,
    programs: Path,
    request: Request,
    on_case: Callable[[CaseEnded], None],
    on_progress: Callable[[str], None],
) -> Proof:
    """Run the suite in an environment as an ordinary user, leaving nothing behind.

    ``host`` is testinfra's; ``programs`` is the directory of ``deeprig_host``.
    """
    heard = Heard(on_case, on_progress)
    ended = run_script(host, request.script, archive(programs), heard.take, request.longest_seconds)
    return judged(heard, ended)


def judged(heard: Heard, ended: Ended) -> Proof:
    """Return what a run proves: nothing without its document, whatever it said before."""
    document = heard.document
    if document is None or document.get("schema") != SCHEMA:
        return Proof(None, _without_document(heard, ended))
    is_good = ended.code == 0 and document.get("outcome") == "pass"
    return Proof(is_good, str(document.get("evidence") or "no evidence"), document)


def record_case(
    check: Checks, test: str, environment: str, case: CaseEnded, *, simulated: bool = False
) -> None:
    """Record a case as a check of its own; one that was skipped passes nothing."""
    if case.group == _OWN_GROUP and case.is_good:
        return
    name = f"{test}: {case.name.replace('_', ' ')}"
    # The check of the whole has its numbers and curves.
    more: dict[str, Any] = {
        "environment": environment,
        "data": {"case": case.name, "group": case.group},
        "simulated": simulated,
    }
    if case.is_skipped:
        check.skip(name, case.reason, **more)
    else:
        check(name, case.is_good, case.reason or f"{case.seconds:.1f} s", **more)


def _without_document(heard: Heard, ended: Ended) -> str:
    """Return why there is no document, and how far the run came."""
    said = (ended.errors or "\n".join(heard.other_words)).strip()[-_LONGEST_WORDS:]
    finished = {case.name for case in heard.cases}
    left = [name for name in heard.started if name not in finished]
    far = f"; not finished: {', '.join(left)}" if left else ""
    if ended.was_unreachable:
        return f"the connection was lost: {said}{far}"
    return f"the training suite gave no answer (exit {ended.code}): {said}{far}"
