"""Read the JSON files that other programs of deeprig leave on the host."""

from __future__ import annotations

import json
from typing import Any

from deeprig_host.machine.commands import Machine
from deeprig_host.metrics.part import PartFailed


def json_file(machine: Machine, path: str, schema: str) -> dict[str, Any] | None:
    """Return an object of this schema, None where there is no file.

    Raise PartFailed where it is not readable, not JSON, or of another schema.
    """
    try:
        text = machine.path(path).read_text(encoding="utf-8")
        told = json.loads(text)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise PartFailed(f"{path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise PartFailed(f"{path}: not JSON: {error}") from error
    if not isinstance(told, dict) or told.get("schema") != schema:
        raise PartFailed(f"{path}: not of the schema {schema}")
    return told


def number(told: dict[str, Any], key: str) -> float | None:
    """Return a number, None where it is null or missing. Raise PartFailed on anything else."""
    value = told.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PartFailed(f"{key} is {value!r:.60}, not a number")
    try:
        return float(value)
    except OverflowError as error:
        raise PartFailed(f"{key} is too large a number") from error


def text(told: dict[str, Any], key: str) -> str:
    """Return a text. Raise PartFailed where there is none."""
    value = told.get(key)
    if not isinstance(value, str):
        raise PartFailed(f"{key} is {value!r:.60}, not a text")
    return value
