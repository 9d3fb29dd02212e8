"""The audit on a screen: findings, what to do about them, verdicts, and model sizes."""

from __future__ import annotations

from itertools import groupby

from rich.text import Text

from deeprig.audit.finding import Finding
from deeprig.audit.grade import Audit
from deeprig.audit.model_sizes import ModelSize, in_words
from deeprig.audit.verdict import Verdict
from deeprig.audit.workloads import WORKLOADS
from deeprig.report.screen import Column, Screen, style_of

_FINDING_COLUMNS = (Column("rule", folds=True), Column("outcome"), Column("found", folds=True))
_VERDICT_COLUMNS = (Column("use"), Column("verdict", folds=True), Column("because of", folds=True))
_SIZE_COLUMNS = (
    Column("for", folds=True),
    Column("B each", is_number=True),
    Column("parameters", folds=True),
    Column("as large as", folds=True),
)
#: The outcomes and verdicts whose words the screen's own styles lack.
_AS = {"warn": "changed", "fits": "pass", "fits with warnings": "changed", "does not fit": "fail"}


def show_audit(audit: Audit, host: str, screen: Screen, *, verbose: bool = False) -> None:
    """Print a machine's audit: findings, those with a remedy in full, verdicts and model sizes.

    Rules that do not apply are named in one line; ``verbose`` gives each its row and its reason.
    """
    screen.line(screen.text(f"{host}: hardware, graded for {audit.use}", "bold"))
    idle = [finding for finding in audit.findings if finding.outcome == "not applicable"]
    rows = [finding for finding in audit.findings if verbose or finding not in idle]
    screen.table(_FINDING_COLUMNS, (_finding_row(finding, screen) for finding in rows))
    if idle and not verbose:
        names = ", ".join(finding.rule for finding in idle)
        screen.line(screen.text(f"not applicable: {names}", _style("not applicable")))
    for finding in audit.findings:
        if finding.remedy:
            _show_remedy(finding, finding.remedy, screen)
    screen.line()
    screen.table(_VERDICT_COLUMNS, (_verdict_row(verdict, screen) for verdict in audit.verdicts))
    if audit.model_sizes:
        _show_sizes(audit, screen)


def _finding_row(finding: Finding, screen: Screen) -> tuple[Text, ...]:
    return (
        screen.text(finding.rule),
        screen.text(finding.outcome, _style(finding.outcome)),
        screen.text(finding.actual),
    )


def _show_remedy(finding: Finding, remedy: str, screen: Screen) -> None:
    head = screen.text(f"{finding.rule}: {finding.outcome}", _style(finding.outcome))
    screen.line(head, screen.text(f": {finding.actual}"))
    screen.indented(screen.text(f"expected: {finding.expected}"))
    screen.indented(screen.text(f"rule: {finding.source.rule} ({finding.source.origin})"))
    screen.indented(screen.text(f"-> {remedy}"))


def _verdict_row(verdict: Verdict, screen: Screen) -> tuple[Text, ...]:
    deciding = ", ".join(f"{finding.rule} ({finding.outcome})" for finding in verdict.deciding)
    return (
        screen.text(verdict.use),
        screen.text(verdict.answer, _style(verdict.answer)),
        screen.text(deciding or "-"),
    )


def _show_sizes(audit: Audit, screen: Screen) -> None:
    for (where, _), sizes in groupby(audit.model_sizes, key=lambda size: (size.where, size.gpus)):
        there = list(sizes)
        screen.line()
        screen.line(screen.text(f"Model sizes that fit on {where}, at most", "bold"))
        screen.table(_SIZE_COLUMNS, (_size_row(size, screen) for size in there))
        screen.indented(screen.text(f"{there[0].workload.name}: {there[0].formula}"))
    screen.line()
    screen.line(screen.text("Bytes of a parameter (parameters = GPU memory / these)"))
    for workload in WORKLOADS:
        parts = f"{workload.name}: {workload.bytes_per_parameter:g} B = {workload.parts}"
        screen.indented(screen.text(f"{parts} ({workload.source})"))
    screen.line(screen.text(audit.model_sizes_not_counted))
    if any(size.is_sharded for size in audit.model_sizes):
        screen.line(screen.text(audit.model_sizes_sharded))


def _size_row(size: ModelSize, screen: Screen) -> tuple[Text, ...]:
    is_known = size.parameters is not None
    return (
        screen.text(size.workload.name),
        screen.text(f"{size.workload.bytes_per_parameter:g}"),
        screen.text(in_words(size.parameters or 0)) if is_known else _unknown(screen),
        screen.text(size.example or "-"),
    )


def _unknown(screen: Screen) -> Text:
    return screen.text("unknown", _style("unknown"))


def _style(word: str) -> str:
    return style_of(_AS.get(word, word))
