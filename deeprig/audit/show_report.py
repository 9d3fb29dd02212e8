"""``inspect`` on a screen: one host in full, several side by side."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from deeprig.audit.grade import Audit
from deeprig.audit.inspection import HostInspection, InspectReport
from deeprig.audit.model_sizes import in_words
from deeprig.audit.show import show_audit, show_machine, show_remedies, style
from deeprig.report.groups import Group, is_many, together, without_name, without_place
from deeprig.report.screen import Column, Screen
from deeprig.report.show_problems import show_problem

#: Verdicts in the width of a column.
_SHORT = {"fits with warnings": "fits, warn", "does not fit": "no", "not applicable": "-"}
#: Cells between two columns, however the table is drawn.
_GAP = 3

_RULES = {0: "no rule fails", 1: "1 rule fails"}

#: Longer labels of columns fold.
_WIDEST_LABEL = 24

#: What a row of the comparison is called, and its word for each host.
Row = tuple[str, tuple[str, ...]]
#: A host that was graded, and its audit.
Graded = tuple[HostInspection, Audit]


def show_inspection(report: InspectReport, screen: Screen, *, verbose: bool) -> None:
    """Print every host that was graded, those that were not and why, and one line of summary.

    Several hosts are compared first; then each has its parts and remedies, with ``verbose`` all.
    Of many hosts, those that are alike have one column, and their parts once.
    """
    many = is_many(report.hosts, verbose=verbose)
    graded = [(host, host.audit) for host in report.hosts if host.audit is not None]
    columns = together(graded, _name, lambda pair: tuple(_words(pair)), many=many)
    if len(graded) > 1:
        for part in _side_by_side(columns, screen):
            _show_comparison(part, screen)
            screen.line()
    alike = together(graded, _name, lambda pair: _described(pair, screen), many=many)
    for group in alike:
        host, audit = group.first
        if len(graded) == 1 or verbose:
            show_audit(audit, host.host, screen, verbose=verbose)
        else:
            screen.line(screen.text(group.label, "bold"))
            show_machine(audit, screen)
            show_remedies(audit, screen)
        if host.note:
            screen.line(screen.text(f"{group.label}: {host.note}", style("warn")))
        screen.line()
    untold = [host for host in report.hosts if host.audit is None]
    for problem in together(untold, lambda host: host.host, _reason, many=many):
        host = problem.first
        show_problem(screen, problem.label, host.status, host.reason or "", host.remedy)
    screen.line(screen.text(summary_line(report)))


def _name(pair: Graded) -> str:
    return pair[0].host


def _reason(host: HostInspection) -> tuple[object, ...]:
    alike = without_place if host.status == "unreachable" else without_name
    return host.status, alike((host.reason, host.remedy), host.host)


def _described(pair: Graded, screen: Screen) -> tuple[object, ...]:
    """Return what is said of a host's parts, as the screen would have it."""
    host, audit = pair
    page = io.StringIO()
    paper = Screen(Console(file=page, force_terminal=False, width=screen.console.width))
    show_machine(audit, paper)
    show_remedies(audit, paper)
    return host.note, page.getvalue()


def summary_line(report: InspectReport) -> str:
    """Return how many hosts were graded, and how many rules failed on them."""
    graded = sum(host.status == "graded" for host in report.hosts)
    noun = "host" if len(report.hosts) == 1 else "hosts"
    told = f"{graded} of {len(report.hosts)} {noun} graded in {report.seconds:.1f} s"
    if not graded:
        return told
    failed = sum(len(host.failed_rules) for host in report.hosts)
    return f"{told}; {_RULES.get(failed, f'{failed} rules fail')}"


def _side_by_side(
    groups: Sequence[Group[Graded]], screen: Screen
) -> Iterator[Sequence[Group[Graded]]]:
    """Yield as many columns at a time as have room beside each other; in a log, all."""
    if not screen.console.is_terminal:
        yield groups
        return
    names = max(cell_len(name) for name, _ in _rows([group.first for group in groups]))
    room = screen.console.width - names
    part: list[Group[Graded]] = []
    taken = 0
    for group in groups:
        # A label folds at its commas and dashes; a word of a rule does not.
        width = _GAP + max(cell_len(group.label[:_WIDEST_LABEL]), *_widths(group.first))
        if part and taken + width > room:
            yield part
            part, taken = [], 0
        part.append(group)
        taken += width
    yield part


def _show_comparison(groups: Sequence[Group[Graded]], screen: Screen) -> None:
    columns = [Column("rule", folds=True)]
    columns += [Column(group.label, folds=True) for group in groups]
    rows = _rows([group.first for group in groups])
    screen.table(columns, (_cells(row, screen) for row in rows))


def _cells(row: Row, screen: Screen) -> tuple[Text, ...]:
    name, words = row
    shown = (screen.text(_SHORT.get(word, word), style(word)) for word in words)
    return screen.text(name), *shown


def _rows(graded: Sequence[Graded]) -> Iterator[Row]:
    """Yield the rules that say something of at least one host, the verdicts, and a size."""
    audits = [audit for _, audit in graded]
    for findings in zip(*(audit.findings for audit in audits), strict=True):
        outcomes = tuple(finding.outcome for finding in findings)
        if set(outcomes) != {"not applicable"}:
            yield findings[0].rule, outcomes
    for verdicts in zip(*(audit.verdicts for audit in audits), strict=True):
        yield f"for {verdicts[0].use}", tuple(verdict.answer for verdict in verdicts)
    yield "largest fp32 training", tuple(map(_largest_training, audits))


def _words(pair: Graded) -> Iterator[tuple[str, ...]]:
    yield from ((name, *words) for name, words in _rows([pair]))


def _widths(pair: Graded) -> Iterator[int]:
    for _, words in _rows([pair]):
        yield from (cell_len(_SHORT.get(word, word)) for word in words)


def _largest_training(audit: Audit) -> str:
    """Return the largest model that one of the host's GPUs trains, in the plainest way."""
    sizes = [size for size in audit.model_sizes if not size.is_sharded]
    plain = [size for size in sizes if size.workload.name == "training, fp32"]
    told = [size.parameters for size in plain if size.parameters is not None]
    if told:
        return in_words(max(told))
    return "unknown" if plain else "-"
