"""Find out which form an inventory has, from its name and, where that is silent, its beginning."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from deeprig.inventory.sources.gathered import refuse
from deeprig.inventory.sources.reading import is_program, text_of
from deeprig.inventory.sources.source import Kind, Source, Where

_SSH_KEYWORD = re.compile(r"^\s*(?:Host|Match|Include)\s+\S", re.IGNORECASE)
_OWN_SETTINGS = re.compile(r"^netbox:", re.MULTILINE)
_TABLES = (".csv", ".tsv")
_ANSIBLE = ("hosts", "hosts.*", "*.ini", "*.yml", "*.yaml", "group_vars", "host_vars")


def source_of(where: Where) -> Source | None:
    """Return the source an inventory is, or None for pyinfra's own form (a Python file).

    Raise InventoryProblem when a file's form cannot be told.
    """
    if isinstance(where, Source):
        return where
    if where.suffix == ".py" or not where.exists():
        return None
    kind = _kind_of_directory(where) if where.is_dir() else _kind_of_file(where)
    return None if kind is None else Source(kind, str(where))


def _kind_of_directory(path: Path) -> Kind | None:
    if any(path.glob("*.tf")) or any(path.glob("*.tf.json")):
        return "terraform"
    if any(match for pattern in _ANSIBLE for match in path.glob(pattern)):
        return "ansible"
    return None


def _kind_of_file(path: Path) -> Kind:
    if path.suffix in _TABLES:
        return "csv"
    if is_program(path):
        return "ansible"
    text = text_of(path)
    if path.suffix == ".json":
        return _kind_of_json(path, text)
    if path.suffix in (".yml", ".yaml"):
        return "netbox" if _OWN_SETTINGS.search(text) else "ansible"
    return "ssh-config" if _is_ssh_config(text) else "ansible"


def _is_ssh_config(text: str) -> bool:
    lines = (line for line in text.splitlines() if line.strip() and line.lstrip()[0] != "#")
    first = [line for _, line in zip(range(20), lines, strict=False)]
    if any(line.lstrip().startswith("[") for line in first):
        return False
    return any(_SSH_KEYWORD.match(line) for line in first)


def _kind_of_json(path: Path, text: str) -> Kind:
    try:
        data = json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        return "ansible"  # whose reader says at which line it is none
    if _is_netbox(data):
        return "netbox"
    if isinstance(data, dict) and data and all(map(_is_output, data.values())):
        return "terraform"
    if isinstance(data, dict):
        return "ansible"
    remedy = "say which it is: -i netbox:FILE, terraform:FILE or ansible:FILE"
    raise refuse(path, "its form cannot be told from what is in it", remedy)


def _is_netbox(data: Any) -> bool:
    if isinstance(data, dict):
        return isinstance(data.get("results"), list)
    return isinstance(data, list) and all(isinstance(d, dict) and "primary_ip" in d for d in data)


def _is_output(value: Any) -> bool:
    return isinstance(value, dict) and "value" in value and "sensitive" in value
