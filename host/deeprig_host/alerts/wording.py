"""An alert's summary in words, for a subject and a value."""

from __future__ import annotations

from deeprig_host.alerts.conditions import Alert, ValueForm
from deeprig_host.alerts.evaluate import Subject
from deeprig_host.alerts.message import duration


def summary(alert: Alert, subject: Subject, value: float) -> str:
    """Return the summary with its places filled."""
    labels = dict(zip(alert.by, subject, strict=True))
    return alert.summary.format(value=value_text(alert.value_form, value), **labels)


def value_text(form: ValueForm, value: float) -> str:
    """Return a value for people."""
    if form == "share":
        return f"{value:.1%}"
    return duration(value) if form == "seconds" else f"{value:.4g}"
