"""Reports as JUnit XML, for CI systems: a test suite per host, a case per check or operation.

Elements and attributes are those that Jenkins, GitLab and pytest agree on (the "xunit2" family of
pytest's documentation), so counts are written although they could be counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree

from deeprig.audit.finding import Finding
from deeprig.audit.inspection import HostInspection, InspectReport
from deeprig.report.metrics import training_metrics
from deeprig.report.model import (
    CheckResult,
    HostRun,
    HostVerification,
    OperationResult,
    RunReport,
    VerifyReport,
)
from deeprig.report.printable import xml_legal
from deeprig.report.show_checks import check_title

#: What a rule of ``inspect`` could not tell: no pass, and no fault of the machine.
_UNTOLD = "cannot be told"
#: Outcome of a check, or status of an operation or a host, to the JUnit element that says it.
_ELEMENTS = {
    "fail": "failure",
    "failed": "failure",
    "unknown": "error",
    "unreachable": "error",
    "refused": "error",
    "interrupted": "error",
    "not applicable": "skipped",
    "not run": "skipped",
    _UNTOLD: "skipped",
}


@dataclass(frozen=True, slots=True)
class _Case:
    classname: str
    name: str
    outcome: str
    text: str
    seconds: float = 0.0

    @property
    def element(self) -> str | None:
        return _ELEMENTS.get(self.outcome)


def to_xml(report: RunReport | VerifyReport | InspectReport) -> str:
    """Return the report as JUnit XML text, to be written as UTF-8."""
    suites = [(host, tuple(_cases(host))) for host in report.hosts]
    every = tuple(case for _, cases in suites for case in cases)
    root = ElementTree.Element(
        "testsuites",
        {"name": f"deeprig {report.command}", **_counts(every), "time": f"{report.seconds:.3f}"},
    )
    root.extend(_suite(host, cases, report.started) for host, cases in suites)
    ElementTree.indent(root)
    # Not encoding="unicode": that declares the encoding of the locale.
    written: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return written.decode() + "\n"


def _cases(host: HostRun | HostVerification | HostInspection) -> Iterator[_Case]:
    if isinstance(host, HostVerification):
        for check in host.checks:
            yield _check(check)
        # A host that was not looked at is no success, and CI systems count cases only.
        ended_well, what = host.reason is None, "the host can be verified"
    elif isinstance(host, HostInspection):
        for finding in host.audit.findings if host.audit else ():
            yield _finding(host.host, finding)
        ended_well, what = host.status == "graded", "the host can be inspected"
    else:
        for result in host.operations:
            yield _operation(host.host, result)
        ended_well, what = host.status == "ok", "the host ran to its end"
    if not ended_well:
        parts = (host.reason, getattr(host, "in_operation", None), host.remedy)
        yield _Case(host.host, what, host.status, "\n".join(part for part in parts if part))


def _check(check: CheckResult) -> _Case:
    metrics = [f"{name}: {value}" for name, value in training_metrics(check.data)]
    text = "\n".join((check.evidence, *metrics)) if metrics else check.evidence
    name = check_title(check).removeprefix(f"{check.role}: ")
    return _Case(f"{check.host}.{check.role}", name, check.outcome, text, check.seconds)


def _finding(host: str, finding: Finding) -> _Case:
    remedy = f"-> {finding.remedy}" if finding.remedy else ""
    parts = (finding.actual, f"expected: {finding.expected}", remedy)
    outcome = _UNTOLD if finding.outcome == "unknown" else finding.outcome
    text = "\n".join(part for part in parts if part)
    return _Case(f"{host}.{finding.rule.partition('.')[0]}", finding.rule, outcome, text)


def _operation(host: str, result: OperationResult) -> _Case:
    commands = [f"$ {command}" for command in result.commands]
    moves = [f"{m.what}: {m.before or 'none'} -> {m.after or 'removed'}" for m in result.moves]
    diffs = (diff.text for diff in result.diffs)
    parts = (result.output, *moves, *result.notes, *commands, *diffs)
    text = "\n".join(part for part in parts if part)
    return _Case(f"{host}.{result.role}", result.name, result.status, text, result.seconds)


def _suite(
    host: HostRun | HostVerification | HostInspection, cases: tuple[_Case, ...], started: str
) -> ElementTree.Element:
    suite = ElementTree.Element(
        "testsuite",
        {
            "name": xml_legal(host.host),
            **_counts(cases),
            "time": f"{host.seconds:.3f}",
            # The schema has no zone, and its readers take UTC.
            "timestamp": started.removesuffix("Z"),
        },
    )
    simulated = host.simulated if isinstance(host, HostRun) else ()
    if simulated:
        properties = ElementTree.SubElement(suite, "properties")
        for told in simulated:
            ElementTree.SubElement(properties, "property", name="simulated", value=xml_legal(told))
    suite.extend(_testcase(case) for case in cases)
    return suite


def _testcase(case: _Case) -> ElementTree.Element:
    element = ElementTree.Element(
        "testcase",
        classname=xml_legal(case.classname),
        name=xml_legal(case.name),
        time=f"{case.seconds:.3f}",
    )
    text = xml_legal(case.text)
    if case.element is not None:
        said = [line for line in text.splitlines() if line.strip()] or [case.outcome]
        child = ElementTree.SubElement(element, case.element, message=said[0], type=case.outcome)
        child.text = text
    elif text:
        ElementTree.SubElement(element, "system-out").text = text
    return element


def _counts(cases: tuple[_Case, ...]) -> dict[str, str]:
    kinds = [case.element for case in cases]
    return {
        "tests": str(len(cases)),
        "failures": str(kinds.count("failure")),
        "errors": str(kinds.count("error")),
        "skipped": str(kinds.count("skipped")),
    }
