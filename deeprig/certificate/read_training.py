"""Read the documents of a host into data: what is missing or strange is unknown, never a pass."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from deeprig.certificate.notes import cuda_notes, notes_of
from deeprig.certificate.reading import Reader
from deeprig.certificate.training import (
    Case,
    CaseCheck,
    Curve,
    Measurement,
    Note,
    Outcome,
    Training,
)

#: Of ``host/deeprig_host/training/suite_document.py`` and of ``host/deeprig_host/burn``.
SCHEMAS = ("deeprig.training/2", "deeprig.burn/1")
_WORDS: dict[str, Outcome] = {"pass": "pass", "fail": "fail", "skip": "skip"}


def read_training(
    data: Mapping[str, Any], environment: str | None, *, is_simulated: bool = False
) -> Training:
    """Return the run that a document tells of. Nothing is raised: mistakes are its ``problems``."""
    reader = Reader()
    versions = reader.mapping(data, "versions")
    cases = tuple(_case(one, reader) for one in reader.objects(data, "cases"))
    outcome = _WORDS.get(reader.text(data, "outcome"), "unknown")
    is_cut = data.get("is_cut")
    if not isinstance(is_cut, bool):
        reader.problem("is_cut", "true or false")
    return Training(
        environment=environment,
        framework=reader.text(data, "framework", is_optional=True),
        framework_version=reader.text(data, "framework_version", is_optional=True),
        backend=reader.text(data, "backend", is_optional=True) or None,
        python_version=reader.text(data, "python_version", is_optional=True),
        profile=reader.text(data, "profile"),
        device=reader.text(data, "device"),
        seed=reader.whole(data, "seed"),
        told=outcome,
        is_cut=is_cut is not False,
        cases=cases,
        versions=(
            *cuda_notes(reader.mapping(data, "cuda")),
            *(Note(str(name), str(text)) for name, text in versions.items()),
        ),
        problems=tuple(reader.problems),
        sha256=_digest(data),
        is_simulated=is_simulated or bool(data.get("simulated")),
    )


def _case(data: Mapping[str, Any], reader: Reader) -> Case:
    checks = tuple(_check(one, reader) for one in reader.objects(data, "checks"))
    about = reader.mapping(data, "data")
    outcome, reason = _judged(
        reader.text(data, "outcome"), reader.text(data, "reason", is_optional=True), checks
    )
    return Case(
        name=reader.text(data, "name"),
        group=reader.text(data, "group"),
        outcome=outcome,
        reason=reason,
        seconds=reader.number(data, "seconds") or 0.0,
        checks=checks,
        measurements=tuple(_measurement(m, reader) for m in reader.objects(data, "measurements")),
        curves=_curves(reader.mapping(data, "curves"), reader),
        notes=notes_of(about),
        matrix=_matrix(about.get("confusion_matrix")),
        is_simulated=bool(about.get("simulated")),
    )


def _judged(word: str, reason: str, checks: tuple[CaseCheck, ...]) -> tuple[Outcome, str]:
    """Return the outcome that the checks bear out, and why it is no pass."""
    bad = [check for check in checks if not check.is_good]
    if word not in _WORDS:
        return "unknown", f"its outcome is {word!r}, which is no outcome; {reason}".rstrip("; ")
    if bad and word != "fail":
        told = "; ".join(f"{c.name}: expected {c.expected}, got {c.actual}" for c in bad)
        return "fail", f"it says {word}, and its checks say otherwise: {told}"
    if word == "pass" and not checks:
        return "unknown", "it says pass and names no check that proves it"
    if word != "pass" and not reason:
        return ("fail" if word == "fail" else "unknown"), f"it says {word} and gives no reason"
    return _WORDS[word], reason


def _check(data: Mapping[str, Any], reader: Reader) -> CaseCheck:
    is_good = data.get("is_good")
    if not isinstance(is_good, bool):
        reader.problem("is_good", "true or false")
    expected = reader.text(data, "expected", is_optional=True)
    actual = reader.text(data, "actual", is_optional=True)
    return CaseCheck(reader.text(data, "name"), is_good is True, expected, actual)


def _measurement(data: Mapping[str, Any], reader: Reader) -> Measurement:
    unit = reader.text(data, "unit", is_optional=True)
    value = reader.number(data, "value", is_optional=True)
    return Measurement(reader.text(data, "name"), value, unit, reader.better(data))


def _curves(data: Mapping[str, Any], reader: Reader) -> tuple[Curve, ...]:
    return tuple(Curve(str(name), reader.numbers(data, name)) for name in data)


def _matrix(value: object) -> tuple[tuple[int, ...], ...]:
    """Return a square matrix of counts, or nothing for what is none."""
    if not isinstance(value, list) or not all(isinstance(row, list) for row in value):
        return ()
    is_square = all(len(row) == len(value) for row in value)
    are_counts = all(type(count) is int for row in value for count in row)
    return tuple(map(tuple, value)) if is_square and are_counts else ()


def _digest(data: Mapping[str, Any]) -> str:
    text = json.dumps(data, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
