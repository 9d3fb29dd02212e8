"""The ``suite`` command: events on standard output, a document last, and an exit code."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace

from deeprig_host.training.cases import failed
from deeprig_host.training.compiled import keep_compiled
from deeprig_host.training.cut import Cut, cut_by_signals, no_more_cuts
from deeprig_host.training.events import Events
from deeprig_host.training.framework import Framework, load_framework
from deeprig_host.training.output import output_to_stderr
from deeprig_host.training.said import one_line
from deeprig_host.training.spent import Clock
from deeprig_host.training.suite import SUITE, SuiteRun, run_suite
from deeprig_host.training.suite_document import SuiteFindings, suite_document

PROVEN, NOT_PROVEN, NOT_RUN = 0, 1, 2


def main(wanted: SuiteRun, load: Callable[..., Framework] = load_framework) -> int:
    """Run, tell, return 0 proven, 1 not proven or cut, 2 where the framework is not there."""
    with output_to_stderr() as write, cut_by_signals():
        events = Events(write, wanted.workdir)
        clock = Clock()
        findings, code = _run(wanted, load, events, clock)
        no_more_cuts()
        try:
            events.document(suite_document(replace(findings, spent=clock.spent())))
        except Cut as cut:
            sys.stderr.write(f"no document: {cut}\n")
            return NOT_PROVEN
    return code


def refuse(reason: str) -> int:
    """Tell that the command line makes no sense: a document like any other, and nothing ran."""
    result = replace(failed(reason), name="usage", group=SUITE)
    told = {"event": "document", "document": suite_document(SuiteFindings(None, (result,)))}
    sys.stdout.write(json.dumps(told, allow_nan=False) + "\n")
    return NOT_RUN


def _run(
    wanted: SuiteRun, load: Callable[..., Framework], events: Events, clock: Clock
) -> tuple[SuiteFindings, int]:
    """Return findings, whatever happens. Unknown is never a pass."""
    keep_compiled(wanted.framework, wanted.backend, wanted.workdir)
    try:
        framework = load(wanted.framework, wanted.backend)
        framework.version()
        clock.imported()
    except Cut as cut:
        return replace(_nothing(wanted, f"not imported: {cut}"), is_cut=True), NOT_PROVEN
    except Exception as problem:  # noqa: BLE001 - a broken library raises OSError, RuntimeError, …
        return _nothing(wanted, f"cannot be imported: {one_line(problem)}"), NOT_RUN
    try:
        findings = run_suite(framework, wanted, events)
    except Cut as cut:
        return replace(_nothing(wanted, f"not started: {cut}"), is_cut=True), NOT_PROVEN
    except Exception as problem:  # noqa: BLE001 - the framework's own questions: unknown, no pass
        return _nothing(wanted, one_line(problem)), NOT_PROVEN
    return findings, PROVEN if findings.is_good else NOT_PROVEN


def _nothing(wanted: SuiteRun, reason: str) -> SuiteFindings:
    """Return the findings of a run that came to no case."""
    return SuiteFindings(
        wanted.framework,
        (replace(failed(reason), name="framework", group=SUITE),),
        backend=wanted.backend,
        profile=wanted.profile,
        seed=wanted.seed,
    )
