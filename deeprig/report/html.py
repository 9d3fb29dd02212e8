"""Reports as one self-contained HTML page: for a browser, a mail, a printer, an archive."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import resources
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FunctionLoader, StrictUndefined

from deeprig.audit.inspection import HostInspection, InspectReport
from deeprig.audit.model_sizes import in_words
from deeprig.fleet.coverage import compared_sections
from deeprig.fleet.grouped import groups_in, shown, unread_together, variants_of
from deeprig.fleet.model import FleetReport
from deeprig.report.host_ranges import host_ranges
from deeprig.report.metrics import training_metrics
from deeprig.report.model import HostRun, HostVerification, OperationResult, RunReport, VerifyReport
from deeprig.report.printable import printable

if TYPE_CHECKING:
    from deeprig.report.store import Report

_PAGE, _FLEET = "page.html.jinja", "fleet.html.jinja"
#: More values than these side by side are listed below their key.
_MOST_COLUMNS = 4
#: What each kind of status looks like; whatever is not named here is quiet.
_CLASSES = {
    "good": ("ok", "passed", "pass", "graded", "fits", "read"),
    "bad": ("failed", "fail", "unknown", "unreachable", "refused", "does not fit"),
    "change": ("changed", "would change", "interrupted", "warn", "fits with warnings"),
}
_CLASS_OF = {status: name for name, statuses in _CLASSES.items() for status in statuses}
_DIFF_CLASSES = {"+": "added", "-": "removed", "@": "place"}
#: Facts that say which machine it is, in the order in which they are shown.
_FACTS = ("pretty_name", "kernel", "machine", "virtualization")


def to_page(report: Report) -> str:
    """Return the page. All that a host printed is escaped; the page loads and runs nothing."""
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: printable(value) if isinstance(value, str) else value,
        loader=FunctionLoader(_template),
    )
    common = {"report": report, "css_class": lambda status: _CLASS_OF.get(status, "quiet")}
    if isinstance(report, FleetReport):
        return environment.get_template(_FLEET).render(**common, **_of_fleet(report))
    return environment.get_template(_PAGE).render(
        **common,
        is_inspect=isinstance(report, InspectReport),
        in_words=in_words,
        is_verify=isinstance(report, VerifyReport),
        summary=_summary(report),
        audit_class=_audit_class,
        diff_lines=_diff_lines,
        facts=_facts,
        is_open=_is_open,
        metrics=training_metrics,
    )


def _template(name: str) -> str:
    return (resources.files("deeprig.report") / name).read_text("utf-8")


def _of_fleet(report: FleetReport) -> dict[str, Any]:
    compared = compared_sections(report)
    sections = [(section, groups_in(report, section)) for section in report.sections]
    told = {one.section for one in report.differences} | {one.section for one in report.unread}
    return {
        "summary": _fleet_summary(report),
        "sections": sections,
        "alike": [name for name in compared if name not in told],
        "not_compared": [name for name in report.sections if name not in compared],
        "unread": unread_together(report),
        "variants_of": variants_of,
        "shown": shown,
        "host_ranges": host_ranges,
        "most_columns": _MOST_COLUMNS,
    }


def _fleet_summary(report: FleetReport) -> list[tuple[str, str]]:
    count, unread = len(report.differences), len(report.unread)
    differ = ("change" if count else "good", f"{count} of {report.compared} keys differ")
    return [*_statuses(report), differ, *([("bad", f"{unread} not known")] if unread else [])]


def _summary(report: RunReport | VerifyReport | InspectReport) -> list[tuple[str, str]]:
    """Return (css class, text) for each thing that a reader wants to know first."""
    told = _statuses(report)
    if isinstance(report, VerifyReport):
        checks = [check.outcome for host in report.hosts for check in host.checks]
        return told + _counted(checks, "checks pass", lambda word: _CLASS_OF.get(word, "quiet"))
    if isinstance(report, InspectReport):
        audits = [host.audit for host in report.hosts if host.audit]
        rules = [finding.outcome for audit in audits for finding in audit.findings]
        return told + _counted(rules, "rules pass", _audit_class)
    count = sum(host.change_count for host in report.hosts)
    what = "would change" if report.command == "plan" else "changed"
    return [*told, ("change" if count else "quiet", f"{count} {what}")]


def _statuses(report: Report) -> list[tuple[str, str]]:
    statuses = [host.status for host in report.hosts]
    return [
        (_CLASS_OF[status], f"{statuses.count(status)} {status}")
        for status in dict.fromkeys(statuses)
    ]


def _audit_class(word: str) -> str:
    """Return the class of an outcome or verdict of ``inspect``, where unknown is no failure."""
    return "change" if word == "unknown" else _CLASS_OF.get(word, "quiet")


def _counted(
    outcomes: Sequence[str], passes: str, css_class: Callable[[str], str]
) -> list[tuple[str, str]]:
    """Return how many there are of each outcome that there is."""
    told = (("pass", passes), *((word, word) for word in ("warn", "fail", "unknown")))
    return [
        (css_class(outcome), f"{outcomes.count(outcome)} {word}")
        for outcome, word in (*told, ("not applicable", "not applicable"))
        if outcome in outcomes
    ]


def _facts(host: HostRun | HostVerification | HostInspection) -> str:
    if isinstance(host, HostInspection):
        return ""  # its page tells them part by part
    known = (host.facts.get(name) for name in _FACTS)
    return " · ".join(str(value) for value in known if value not in (None, "", "none"))


def _is_open(report: RunReport, result: OperationResult) -> bool:
    """Say whether an operation's details show at once: failures, and what a plan is read for."""
    is_read = report.command == "plan" and bool(result.diffs)
    return result.status == "failed" or is_read or bool(result.moves)


def _diff_lines(text: str) -> list[tuple[str, str]]:
    lines = text.rstrip("\n").split("\n")
    return [(_DIFF_CLASSES.get(line[:1], "same"), line) for line in lines]
