"""Reports as one self-contained HTML page: for a browser, a mail, a printer, an archive."""

from __future__ import annotations

from importlib import resources

from jinja2 import Environment, StrictUndefined

from deeprig.report.model import HostRun, HostVerification, RunReport, VerifyReport

_TEMPLATE = "page.html.jinja"


def to_page(report: RunReport | VerifyReport) -> str:
    """Return the page. Everything a host printed is escaped."""
    text = (resources.files("deeprig.report") / _TEMPLATE).read_text("utf-8")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    command = report.command if isinstance(report, RunReport) else "verify"
    return environment.from_string(text).render(
        report=report,
        command=command,
        is_verify=isinstance(report, VerifyReport),
        good=sum(_is_good(host) for host in report.hosts),
        diff_class=_diff_class,
        css_class=_css_class,
        metrics=_metrics,
    )


def _is_good(host: HostRun | HostVerification) -> bool:
    return host.status in ("ok", "passed")


def _css_class(status: str) -> str:
    """Return the class of a status: what is neither good nor bad has a quiet one."""
    if status in ("ok", "passed", "pass"):
        return "good"
    if status in ("failed", "fail", "unknown", "unreachable"):
        return "bad"
    return "change" if status in ("changed", "would change", "interrupted") else "quiet"


def _diff_class(line: str) -> str:
    return {"+": "added", "-": "removed", "@": "place"}.get(line[:1], "same")


def _metrics(data: dict[str, object]) -> list[tuple[str, str]]:
    """Return a training check's numbers, ready to be shown."""
    found = data.get("metrics")
    numbers = found if isinstance(found, dict) else {}
    rows = [("device", str(data["device"]))] if "device" in data else []
    for name, value in numbers.items():
        shown = f"{value:.4g}" if isinstance(value, float) else str(value)
        rows.append((str(name).replace("_", " "), shown))
    return rows
