"""Write docs/settings.md from the settings models, so that the reference cannot go stale."""

from __future__ import annotations

import sys
import types
import typing
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "settings.md"
_HEAD = """# Settings

Written by `script/settings_doc.py` from the settings models; a test keeps it so.

A host's settings come from `group_data/all.py`, the files of its groups in the inventory's order,
and the host's own entry. The closest wins; dictionaries are merged key by key, lists are replaced.
Names that start with `_` are yours. Relative paths start at the lab directory.
"""


def page() -> str:
    """Return the whole page."""
    sys.path.insert(0, str(ROOT))
    from deeprig.content import Content
    from deeprig.inventory.model import HostSettings

    content = Content.of(ROOT)
    parts = [_HEAD, "\n## A host\n\nAt the top level of the data.\n", *tables(HostSettings, "")]
    for name in content.role_names():
        model = content.role(name).settings
        parts += [f"\n## Role `{name}`\n\n{summary(model)}\n", *tables(model, name)]
    return "\n".join(parts) + "\n"


def summary(model: type[BaseModel]) -> str:
    """Return the first sentence of a model's docstring."""
    return (model.__doc__ or "").strip().splitlines()[0]


def tables(model: type[BaseModel], place: str) -> list[str]:
    """Return a table for a model, and one for each model inside it."""
    lines = ["| setting | type | default | |", "|---|---|---|---|"]
    inner: list[str] = []
    for name, field in model.model_fields.items():
        if field.exclude:
            continue
        path = f"{place}.{name}" if place else name
        told = (field.description or "").replace("|", "\\|")
        lines.append(f"| `{path}` | {kind(field.annotation)} | {default(field)} | {told} |")
        nested = model_in(field.annotation)
        if nested is not None:
            is_list = "tuple" in str(field.annotation)
            shown = f"{path}[]" if is_list else path
            inner += [f"\n### `{shown}`\n\n{summary(nested)}\n", *tables(nested, shown)]
    return [*lines, *inner]


def model_in(annotation: Any) -> type[BaseModel] | None:
    """Return the settings model inside an annotation."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (model_in(argument) for argument in typing.get_args(annotation))
    return next((model for model in found if model is not None), None)


def kind(annotation: Any) -> str:
    """Return a type as the inventory writes it."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return kind(arguments[0])
    if origin is typing.Literal:
        return " or ".join(f"`{value!r}`" for value in arguments)
    if origin in (types.UnionType, typing.Union):
        return " or ".join(dict.fromkeys(kind(a) for a in arguments if a is not type(None)))
    if origin is tuple:
        return f"list of {kind(arguments[0])}"
    if origin is dict:
        return "dictionary"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "settings"
    names = {"str": "text", "int": "number", "float": "number", "bool": "`True` or `False`"}
    name = getattr(annotation, "__name__", str(annotation))
    return names.get(name, {"Path": "path", "SecretStr": "secret text"}.get(name, name))


def default(field: FieldInfo) -> str:
    """Return a default as the inventory would write it."""
    if field.is_required():
        return "required"
    value = field.default
    if isinstance(value, BaseModel):
        return "see below"
    if value is None:
        return ""
    return f"`{list(value)!r}`" if isinstance(value, tuple) else f"`{value!r}`"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
