"""An alert's condition and summary as Prometheus has them (expressions, Go templates)."""

from __future__ import annotations

import re

from deeprig_host.alerts.conditions import (
    Age,
    Alert,
    Compare,
    Condition,
    Every,
    Label,
    Missing,
    Quotient,
    Series,
    Term,
    ValueForm,
)

#: What tells hosts apart; Prometheus gives it to every scraped series.
_HOST = "instance"
_GO_VALUE: dict[ValueForm, str] = {
    "number": '{{ $value | printf "%.4g" }}',
    "share": "{{ $value | humanizePercentage }}",
    "seconds": "{{ $value | humanizeDuration }}",
}
_PLACE = re.compile(r"\{(\w+)\}")
#: Label values of the table are plain: nothing in them means something to a regular expression.
_PLAIN = re.compile(r"[A-Za-z0-9_/-]+")


def promql(alert: Alert) -> str:
    """Return the alert's condition as a PromQL expression, its series those of every host."""
    return _condition(alert.condition, (_HOST, *alert.by))


def go_template(alert: Alert) -> str:
    """Return the alert's summary as a template of Prometheus' annotations."""

    def fill(found: re.Match[str]) -> str:
        name = found[1]
        return _GO_VALUE[alert.value_form] if name == "value" else f"{{{{ $labels.{name} }}}}"

    return _PLACE.sub(fill, alert.summary)


def _condition(condition: Condition, on: tuple[str, ...]) -> str:
    if isinstance(condition, Missing):
        return f"{_term(condition.witness, on)} unless on ({_HOST}) {_term(condition.of, on)}"
    if isinstance(condition, Every):
        parts = [f"({_compare(part, on)})" for part in condition.conditions]
        return f" and on ({', '.join(on)}) ".join(parts)
    return _compare(condition, on)


def _compare(condition: Compare, on: tuple[str, ...]) -> str:
    left = _term(condition.term, on)
    if isinstance(condition.than, Series):
        matching = f"{condition.comparison} on ({', '.join(on)})"
        return f"{left} {matching} {_term(condition.than, on)}"
    return f"{left} {condition.comparison} {condition.than:g}"


def _term(term: Term, on: tuple[str, ...]) -> str:
    if isinstance(term, Age):
        return f"time() - {_term(term.of, on)}"
    if isinstance(term, Quotient):
        return f"{_term(term.of, on)} / on ({', '.join(on)}) {_term(term.by, on)}"
    labels = ",".join(_label(label) for label in term.where)
    return f"{term.metric}{{{labels}}}" if labels else term.metric


def _label(label: Label) -> str:
    for value in label.values:
        if not _PLAIN.fullmatch(value):
            raise ValueError(f"{label.name}: {value!r} is no plain label value")
    if len(label.values) == 1:
        return f'{label.name}{"!=" if label.is_none_of else "="}"{label.values[0]}"'
    return f'{label.name}{"!~" if label.is_none_of else "=~"}"{"|".join(label.values)}"'
