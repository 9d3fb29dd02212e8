"""The audit of one machine on a screen: what it is, what it is good for, what to do about it."""

from __future__ import annotations

from collections.abc import Iterable

from rich.text import Text

from deeprig.audit.finding import Finding
from deeprig.audit.grade import Audit
from deeprig.audit.show_sizes import show_sizes
from deeprig.audit.verdict import Decider, Verdict
from deeprig.report.screen import Column, Screen, style_of

_FINDING_COLUMNS = (Column("rule", folds=True), Column("outcome"), Column("found", folds=True))
_VERDICT_COLUMNS = (Column("use"), Column("verdict", folds=True), Column("because of", folds=True))
#: The styles of outcomes and verdicts, by words that the screen has. Unknown is not a failure
#: here: what fails must stand out.
_AS = {
    "warn": "changed",
    "unknown": "changed",
    "fits": "pass",
    "fits with warnings": "changed",
    "does not fit": "fail",
}


def show_audit(audit: Audit, host: str, screen: Screen, *, verbose: bool = False) -> None:
    """Print a machine's audit: parts, verdicts, findings, remedies and model sizes.

    Rules that do not apply are named in one line; ``verbose`` gives each its row and its reason,
    and tells where rules and numbers were published.
    """
    screen.line(screen.text(host, "bold"))
    show_machine(audit, screen)
    screen.line()
    screen.table(_VERDICT_COLUMNS, (_verdict_row(verdict, screen) for verdict in audit.verdicts))
    screen.line()
    screen.line(screen.text(f"The rules, for use {audit.use!r}", "bold"))
    _show_findings(audit, screen, verbose=verbose)
    show_remedies(audit, screen, verbose=verbose)
    if audit.model_sizes:
        show_sizes(audit, screen, verbose=verbose)


def show_machine(audit: Audit, screen: Screen) -> None:
    """Print what the machine is made of."""
    for part in audit.machine:
        screen.indented(screen.text(f"{part.part}: {part.text}"))
    if audit.simulated:
        screen.indented(screen.text(f"simulated: {audit.simulated}", "yellow"))


def show_remedies(audit: Audit, screen: Screen, *, verbose: bool = False) -> None:
    """Print what can be done; findings that have outcome, reason and remedy in common together."""
    told = [finding for finding in audit.findings if finding.remedy]
    groups = dict.fromkeys((f.outcome, f.actual, f.remedy) for f in told)
    for key in groups:
        alike = [f for f in told if (f.outcome, f.actual, f.remedy) == key]
        screen.line()
        _show_remedy(alike, screen, verbose=verbose)


def style(word: str) -> str:
    """Return the style of an outcome or of a verdict."""
    return style_of(_AS.get(word, word))


def _show_findings(audit: Audit, screen: Screen, *, verbose: bool) -> None:
    idle = [finding for finding in audit.findings if finding.outcome == "not applicable"]
    rows = [finding for finding in audit.findings if verbose or finding not in idle]
    screen.table(_FINDING_COLUMNS, (_finding_row(finding, screen) for finding in rows))
    if idle and not verbose:
        names = ", ".join(finding.rule for finding in idle)
        screen.line(screen.text(f"not applicable: {names}", style("not applicable")))


def _finding_row(finding: Finding, screen: Screen) -> tuple[Text, ...]:
    return (
        screen.text(finding.rule),
        screen.text(finding.outcome, style(finding.outcome)),
        screen.text(finding.actual),
    )


def _show_remedy(alike: list[Finding], screen: Screen, *, verbose: bool) -> None:
    first = alike[0]
    names = ", ".join(finding.rule for finding in alike)
    head = screen.text(f"{names}: {first.outcome}", style(first.outcome))
    screen.line(head, screen.text(f": {first.actual}"))
    for finding in alike:
        name = f"{finding.rule} expects" if len(alike) > 1 else "expected"
        screen.indented(screen.text(f"{name}: {finding.expected}"))
        if verbose:
            source = finding.source
            screen.indented(screen.text(f"rule: {source.rule} ({source.origin})"))
    screen.indented(screen.text(f"-> {first.remedy}"))


def _verdict_row(verdict: Verdict, screen: Screen) -> tuple[Text, ...]:
    return (
        screen.text(verdict.use),
        screen.text(verdict.answer, style(verdict.answer)),
        screen.text(_because(verdict.deciding) or "-"),
    )


def _because(deciding: Iterable[Decider]) -> str:
    """Return the rules that decided, by outcome: ``fail: power.supply; unknown: cpu.clock``."""
    by_outcome: dict[str, list[str]] = {}
    for decider in deciding:
        by_outcome.setdefault(decider.outcome, []).append(decider.rule)
    return "; ".join(f"{outcome}: {', '.join(rules)}" for outcome, rules in by_outcome.items())
