"""Reports as JUnit XML, for CI systems: a test suite per host, a case per check or operation."""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.etree import ElementTree

from deeprig.report.model import HostRun, HostVerification, RunReport, VerifyReport

#: Characters that XML 1.0 cannot hold; hosts print them (colours, progress bars).
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
#: Outcome of a check or status of an operation to the JUnit element that says it.
_ELEMENTS = {
    "fail": "failure",
    "failed": "failure",
    "unknown": "error",
    "unreachable": "error",
    "interrupted": "error",
    "not applicable": "skipped",
    "not run": "skipped",
}


@dataclass(frozen=True, slots=True)
class _Case:
    classname: str
    name: str
    outcome: str
    text: str
    seconds: float


def to_xml(report: RunReport | VerifyReport) -> str:
    """Return the report as JUnit XML text."""
    root = ElementTree.Element("testsuites", name=f"deeprig {_command(report)}")
    for host in report.hosts:
        cases = _checks(host) if isinstance(host, HostVerification) else _operations(host)
        root.append(_suite(host, cases, report.started))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _command(report: RunReport | VerifyReport) -> str:
    return report.command if isinstance(report, RunReport) else "verify"


def _checks(host: HostVerification) -> list[_Case]:
    cases = [
        _Case(
            f"{host.host}.{check.role}",
            f"{check.name} [{check.environment}]" if check.environment else check.name,
            check.outcome,
            check.evidence,
            check.seconds,
        )
        for check in host.checks
    ]
    if host.status == "unreachable" or not cases:
        reason = "; ".join(part for part in (host.reason, host.remedy) if part)
        cases.append(_Case(host.host, "the host can be verified", "unreachable", reason, 0.0))
    return cases


def _operations(run: HostRun) -> list[_Case]:
    cases = [
        _Case(f"{run.host}.{r.role}", r.name, r.status, r.output, r.seconds) for r in run.operations
    ]
    if run.status != "ok":
        reason = "; ".join(part for part in (run.reason, run.in_operation, run.remedy) if part)
        cases.append(_Case(run.host, "the host ran to its end", run.status, reason, 0.0))
    return cases


def _suite(
    host: HostRun | HostVerification, cases: list[_Case], started: str
) -> ElementTree.Element:
    kinds = [_ELEMENTS.get(case.outcome) for case in cases]
    suite = ElementTree.Element(
        "testsuite",
        name=host.host,
        tests=str(len(cases)),
        failures=str(kinds.count("failure")),
        errors=str(kinds.count("error")),
        skipped=str(kinds.count("skipped")),
        time=f"{host.seconds:.3f}",
        timestamp=started.rstrip("Z"),
    )
    for case, kind in zip(cases, kinds, strict=True):
        element = ElementTree.SubElement(
            suite,
            "testcase",
            classname=_legal(case.classname),
            name=_legal(case.name),
            time=f"{case.seconds:.3f}",
        )
        if kind is not None:
            first_line = (case.text.splitlines() or [case.outcome])[0]
            child = ElementTree.SubElement(element, kind, message=_legal(first_line))
            child.text = _legal(case.text)
        elif case.text:
            ElementTree.SubElement(element, "system-out").text = _legal(case.text)
    return suite


def _legal(text: str) -> str:
    return _ILLEGAL.sub("\N{REPLACEMENT CHARACTER}", text)
