"""Take the secrets out of data that is to be written to a file; references to them stay."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, SecretStr

from deeprig.masking import Masker

_REFERENCES = ("env", "file", "command")
Path_ = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Uncopied:
    """The data of each host without secrets, and what must be given instead.

    ``variables``: environment variables that the data now names. ``masked``: settings that held a
    password inside other text, which nothing but the person can put back.
    """

    data: Mapping[str, dict[str, Any]]
    variables: tuple[str, ...]
    masked: tuple[str, ...]


def without_secrets(data: Mapping[str, Mapping[str, Any]], names: frozenset[str]) -> Uncopied:
    """Return the hosts' data with each secret named by an environment variable instead."""
    values: dict[Path_, set[str]] = defaultdict(set)
    for host_data in data.values():
        for path, text in _secrets(host_data, names, (), is_secret=False):
            values[path].add(text)
    copy = _Copy(names, values)
    made = {host: copy.of(host, host_data) for host, host_data in data.items()}
    return Uncopied(made, tuple(sorted(copy.variables)), tuple(sorted(copy.masked)))


def secret_names(models: Iterable[type[BaseModel]]) -> frozenset[str]:
    """Return the names of all settings that are secrets, anywhere inside the models."""
    found: set[str] = set()
    waiting, seen = list(models), set[Any]()
    while waiting:
        model = waiting.pop()
        if model in seen:
            continue
        seen.add(model)
        for name, field in model.model_fields.items():
            inside = set(_types(field.annotation))
            if SecretStr in inside:
                found.add(name)
            waiting += [one for one in inside if issubclass(one, BaseModel)]
    return frozenset(found)


def _types(annotation: Any) -> Iterable[type]:
    if isinstance(annotation, type):
        yield annotation
    for argument in getattr(annotation, "__args__", ()):
        yield from _types(argument)


def _secrets(
    value: Any, names: frozenset[str], path: Path_, *, is_secret: bool
) -> Iterable[tuple[Path_, str]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            if not (is_secret and key in _REFERENCES):
                inner = (*path, str(key))
                yield from _secrets(item, names, inner, is_secret=is_secret or key in names)
    elif isinstance(value, list | tuple):
        for position, item in enumerate(value):
            yield from _secrets(item, names, (*path, str(position)), is_secret=is_secret)
    elif is_secret and isinstance(value, str | int | SecretStr):
        yield path, _text(value)


def _text(value: Any) -> str:
    return str(value.get_secret_value() if isinstance(value, SecretStr) else value)


class _Copy:
    def __init__(self, names: frozenset[str], values: Mapping[Path_, set[str]]) -> None:
        self.names, self.values = names, values
        self.variables: set[str] = set()
        self.masked: set[str] = set()

    def of(self, host: str, data: Mapping[str, Any]) -> dict[str, Any]:
        return {
            key: self._of(host, value, (key,), is_secret=key in self.names)
            for key, value in data.items()
        }

    def _of(self, host: str, value: Any, path: Path_, *, is_secret: bool) -> Any:
        if isinstance(value, Mapping):
            return {
                key: item
                if is_secret and key in _REFERENCES
                else self._of(
                    host, item, (*path, str(key)), is_secret=is_secret or key in self.names
                )
                for key, item in value.items()
            }
        if isinstance(value, list | tuple):
            return [
                self._of(host, item, (*path, str(position)), is_secret=is_secret)
                for position, item in enumerate(value)
            ]
        if is_secret and isinstance(value, str | int | SecretStr):
            return {"env": self._variable(host, path)}
        if isinstance(value, str) and (masked := Masker()(value)) != value:
            self.masked.add(f"{host}: {'.'.join(path)}")
            return masked
        return value

    def _variable(self, host: str, path: Path_) -> str:
        """Return a variable's name: one for all hosts that share the secret, else one each."""
        owner = () if len(self.values[path]) == 1 else (host,)
        name = re.sub(r"\W+", "_", "_".join(("DEEPRIG", *owner, *path))).upper()
        self.variables.add(name)
        return name
