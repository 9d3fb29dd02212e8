"""A comparison as JUnit XML, for CI systems: a suite per section, a case per key that is wrong.

Elements and attributes are those of deeprig.report.junit. A section without a difference is one
case that passed, one that was not compared a case that was skipped; a host that was not read is an
error of the suite "hosts".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree

from deeprig.fleet.coverage import compared_sections
from deeprig.fleet.model import Difference, FleetReport
from deeprig.report.host_ranges import host_ranges
from deeprig.report.printable import xml_legal

_HOSTS = "hosts"


@dataclass(frozen=True, slots=True)
class _Case:
    """``element`` is None for a case that passed, "failure", "error" or "skipped"."""

    name: str
    element: str | None = None
    text: str = ""


def to_xml(report: FleetReport) -> str:
    """Return the report as JUnit XML text, to be written as UTF-8."""
    suites = {section: tuple(_cases(report, section)) for section in report.sections}
    suites[_HOSTS] = tuple(_hosts(report))
    every = tuple(case for cases in suites.values() for case in cases)
    root = ElementTree.Element(
        "testsuites",
        {"name": "deeprig diff-fleet", **_counts(every), "time": f"{report.seconds:.3f}"},
    )
    root.extend(_suite(name, cases, report.started) for name, cases in suites.items())
    ElementTree.indent(root)
    written: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return written.decode() + "\n"


def _cases(report: FleetReport, section: str) -> Iterator[_Case]:
    differences = [one for one in report.differences if one.section == section]
    unread = [one for one in report.unread if one.section == section]
    for difference in differences:
        yield _Case(difference.key, "failure", _told(difference))
    for entry in unread:
        yield _Case(f"{entry.key or 'all of it'} on {entry.host}", "error", entry.why)
    if section not in compared_sections(report):
        why = "it is ignored, or fewer than two hosts told it"
        yield _Case("the section was not compared", "skipped", why)
    elif not differences and not unread:
        yield _Case("the hosts are alike")


def _hosts(report: FleetReport) -> Iterator[_Case]:
    for host in report.hosts:
        parts = (host.status, host.reason or "", host.remedy or "")
        is_read = host.status == "read"
        text = "" if is_read else "\n".join(part for part in parts if part)
        yield _Case(host.host, None if is_read else "error", text)


def _told(difference: Difference) -> str:
    variants = [*([difference.common] if difference.common else []), *difference.others]
    lines = [
        f"{host_ranges(one.hosts)}: {'not there' if one.value is None else one.value}"
        for one in variants
    ]
    unknown = [f"unknown on {host_ranges(difference.unknown)}"] if difference.unknown else []
    return "\n".join((*lines, *unknown))


def _suite(name: str, cases: tuple[_Case, ...], started: str) -> ElementTree.Element:
    suite = ElementTree.Element(
        "testsuite",
        # The schema has no zone, and its readers take UTC.
        {"name": name, **_counts(cases), "time": "0.000", "timestamp": started.removesuffix("Z")},
    )
    for case in cases:
        element = ElementTree.SubElement(
            suite,
            "testcase",
            {"classname": f"fleet.{name}", "name": xml_legal(case.name), "time": "0.000"},
        )
        if case.element is not None:
            text = xml_legal(case.text)
            first = text.partition("\n")[0]
            child = ElementTree.SubElement(element, case.element, message=first)
            if case.element != "skipped":  # the schema has no type for it
                child.set("type", case.element)
            child.text = text
    return suite


def _counts(cases: tuple[_Case, ...]) -> dict[str, str]:
    kinds = [case.element for case in cases]
    counts = {
        "tests": len(cases),
        "failures": kinds.count("failure"),
        "skipped": kinds.count("skipped"),
        "errors": kinds.count("error"),
    }
    return {name: str(count) for name, count in counts.items()}
