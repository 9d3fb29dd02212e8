"""Read a collector's document into facts, strictly: a surprise is an error, never a guess."""

from __future__ import annotations

import json
from typing import Any

from deeprig.audit.facts import SCHEMA, HardwareFacts
from deeprig.errors import DeeprigError
from deeprig.report.decode import decode


def read_facts(text: str, host: str, refusal: type[DeeprigError] = DeeprigError) -> HardwareFacts:
    """Return the facts in a collector's output. Raise ``refusal`` when it is none.

    Keys that this version does not know are refused: the collector travels with the controller,
    so a document with others was recorded by another version.
    """
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        reason = f"the hardware collector printed no JSON: {error}"
        raise _refusal(refusal, host, reason) from None
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema != SCHEMA:
        raise _refusal(refusal, host, f"hardware facts of schema {schema!r}, not {SCHEMA!r}")
    try:
        return decode(HardwareFacts, _with_python_names(document))
    except ValueError as error:
        raise _refusal(refusal, host, f"hardware facts that cannot be read: {error}") from None


def _refusal(kind: type[DeeprigError], host: str, reason: str) -> DeeprigError:
    remedy = "collect the facts again with this version of deeprig"
    return kind(reason, place=host, remedy=remedy)


def _with_python_names(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with ``class`` of PCI functions, a word of Python's, as ``class_``."""
    functions = document.get("pci")
    if not isinstance(functions, list):
        return document
    return {**document, "pci": [_renamed(function) for function in functions]}


def _renamed(function: Any) -> Any:
    if not isinstance(function, dict):
        return function
    return {"class_" if key == "class" else key: value for key, value in function.items()}
