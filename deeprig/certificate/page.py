"""The certificate as one self-contained HTML page: for a browser, a phone, a printer, a file."""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from deeprig.certificate.burn_rows import burn_rows
from deeprig.certificate.claim import Claim, Item
from deeprig.certificate.figures import Figure, figures_of
from deeprig.certificate.fleet import fleet_counts, fleet_rows
from deeprig.certificate.measured import measured
from deeprig.certificate.model import Certificate, HostCertificate
from deeprig.certificate.numbers import duration, number, percent, unit
from deeprig.certificate.page_style import AUDIT_CLASS_OF, CLASS_OF, SIGN_OF, style
from deeprig.certificate.training import Outcome, Training
from deeprig.report.printable import printable, xml_legal

#: Facts that say which system it is, and how they are called.
_FACTS = {
    "pretty_name": "system",
    "kernel": "kernel",
    "machine": "architecture",
    "python": "Python of the system",
    "virtualization": "virtualization",
}
#: Cases whose curves are shown at once; those of all others are folded.
_MAIN_CURVES = ("cnn", "recurrent", "burn")
#: Roles whose checks say which driver and which CUDA there is.
_STACK = ("nvidia_driver: ", "cuda: ")
_WORSE: tuple[Outcome, ...] = ("fail", "unknown", "skip")
_COUNTED: tuple[tuple[Outcome, str], ...] = (
    ("pass", "passed"),
    ("fail", "failed"),
    ("unknown", "unknown"),
    ("skip", "skipped"),
)


def to_page(certificate: Certificate) -> str:
    """Return the page. What hosts said is escaped; the page loads nothing and runs nothing."""
    rows = fleet_rows(certificate)
    single = certificate.hosts[0] if len(certificate.hosts) == 1 else None
    title = f"Certificate of {single.host}" if single else f"Certificate of {len(rows)} machines"
    template = _environment().get_template("page.html.jinja")
    return template.render(
        certificate=certificate,
        single=single,
        hosts=rows,
        title=title,
        style=Markup(style()),  # noqa: S704 - our own style sheet
        fleet_counts=lambda: fleet_counts(certificate),
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("deeprig.certificate", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_harmless,
    )
    environment.filters.update(
        number=number,
        percent=percent,
        unit=unit,
        duration=duration,
        moment=_moment,
        words=lambda name: name.replace("_", " "),
    )
    environment.globals.update(
        css=lambda word: CLASS_OF.get(word, "quiet"),
        audit_css=lambda word: AUDIT_CLASS_OF.get(word, "quiet"),
        sign=lambda word: SIGN_OF.get(word, "?"),
        counts=_counts,
        case_counts=_case_counts,
        unproven=_unproven,
        not_applicable=_not_applicable,
        runs=_runs,
        stack=_stack,
        title_of=_title_of,
        burn_rows=burn_rows,
        figures_of=figures_of,
        main_curves=_MAIN_CURVES,
        svg=_svg,
        measured=measured,
        told_facts=_told_facts,
    )
    return environment


def _harmless(value: Any) -> Any:
    """Return text without escape sequences. Markup is ours: its texts have been through here."""
    is_text = isinstance(value, str) and not isinstance(value, Markup)
    return printable(value) if is_text else value


def _svg(figure: Figure) -> Markup:
    """Return the figure's element; the drawing has escaped what is in it."""
    return Markup(xml_legal(figure.svg))  # noqa: S704 - see above


def _moment(time: str) -> str:
    """Return ``2026-11-21 20:12 UTC``; a time that is written otherwise stays as it is."""
    date, found, rest = time.partition("T")
    return f"{date} {rest[:5]} UTC" if found and rest.endswith("Z") else time


def _counts(claim: Claim) -> str:
    told = [f"{len(claim.of(word))} {name}" for word, name in _COUNTED if claim.of(word)]
    return ", ".join(told) or "nothing was looked at"


def _case_counts(training: Training) -> str:
    outcomes = [case.outcome for case in training.cases]
    told = [f"{outcomes.count(word)} {name}" for word, name in _COUNTED if word in outcomes]
    return ", ".join(told) or "no case"


def _unproven(host: HostCertificate) -> list[Item]:
    """Return what is no pass, failures first, without the set-up's checks that do not apply."""
    items = [(claim.key, item) for claim in host.claims for item in claim.of(*_WORSE)]
    told = [item for key, item in items if not (key == "setup" and item.outcome == "skip")]
    return sorted(told, key=lambda item: _WORSE.index(item.outcome))


def _not_applicable(host: HostCertificate) -> list[Item]:
    return [item for c in host.claims if c.key == "setup" for item in c.of("skip")]


def _title_of(training: Training) -> str:
    """Return the heading of a run: ``pytorch 2.13.0 in environment torch``, ``Under load``."""
    if not training.framework:
        return "Under load"
    version = f" {training.framework_version}" if training.framework_version else ""
    return training.name.replace(training.framework, f"{training.framework}{version}", 1)


def _stack(host: HostCertificate) -> list[Item]:
    """Return the checks of the set-up that say which driver and CUDA there is."""
    items = [item for claim in host.claims if claim.key == "setup" for item in claim.items]
    return [item for item in items if item.name.startswith(_STACK) and item.outcome != "skip"]


def _runs(host: HostCertificate) -> list[tuple[Training, int]]:
    """Return what ran, burns apart from trainings, each with the number of its raw data."""
    numbered = enumerate(host.trainings, 1)
    return [(part, number) for number, training in numbered for part in training.parts()]


def _told_facts(host: HostCertificate) -> list[tuple[str, str]]:
    known = [(name, host.facts.get(key)) for key, name in _FACTS.items()]
    told = [(name, str(value)) for name, value in known if value not in (None, "", "none")]
    gpus = host.facts.get("nvidia_devices")
    if isinstance(gpus, list | tuple) and gpus:
        told.append(("NVIDIA devices", str(len(gpus))))
    return told
