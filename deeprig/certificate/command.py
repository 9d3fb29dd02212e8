"""What ``deeprig report --certificate`` does: find the reports, make the certificate, write it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from deeprig.certificate import junit
from deeprig.certificate.find import certificate_from, text_of
from deeprig.certificate.model import Certificate
from deeprig.certificate.page import to_page
from deeprig.errors import UsageProblem
from deeprig.report import output, store

_REPORTS = "reports"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to write where. ``file`` None: the newest verify report of the lab.

    ``hosts`` empty: all of the report; ``inspection`` None: the newest of each host.
    """

    page: Path
    file: Path | None
    lab_directory: Path
    hosts: tuple[str, ...] = ()
    inspection: Path | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """The certificate, and the files that hold it: page, JSON, JUnit."""

    certificate: Certificate
    paths: tuple[Path, ...]


def write_certificate(wanted: Wanted) -> Written:
    """Write the page with JSON and JUnit beside it, and keep the JSON in the lab.

    It is kept where its verify report lies. Raise UsageProblem for files that cannot be read or
    written, before anything is written, and DeeprigError for a full disk.
    """
    paths = _paths(wanted.page)
    for path in paths:
        output.require_writable(path)
    report = wanted.file or store.newest(wanted.lab_directory, "verify")
    lab = _lab_of(report)
    if wanted.inspection is not None:
        inspections: tuple[Path, ...] = (wanted.inspection,)
    else:
        inspections = store.stored(lab, "inspect") if lab else ()
    earlier = store.stored(lab, "verify") if lab else ()
    certificate = certificate_from(report, inspections, wanted.hosts, earlier)
    text = text_of(certificate)
    texts = (to_page(certificate) + "\n", text, junit.to_xml(certificate))
    for path, content in zip(paths, texts, strict=True):
        output.write(path, content)
    if lab is not None:
        store.save_certificate(text, certificate.started, lab)
    return Written(certificate, paths)


def _paths(page: Path) -> tuple[Path, ...]:
    if page.suffix.lower() not in (".html", ".htm"):
        raise UsageProblem(
            "the certificate is a page, and its name must end in .html",
            place=str(page),
            remedy=f"try {page.with_suffix('.html')}; JSON and JUnit are written beside it",
        )
    return page, page.with_suffix(".json"), page.with_suffix(".junit.xml")


def _lab_of(report: Path) -> Path | None:
    """Return the lab whose report it is: a stranger's rig1 must not get our rig1's inspection."""
    directory = report.resolve().parent
    return directory.parent if directory.name == _REPORTS else None
