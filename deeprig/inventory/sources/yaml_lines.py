"""Read YAML as Ansible does (PyYAML), remembering at which line each key stands.

Two tags of Ansible are known: ``!vault`` (encrypted: it can be told, never read) and ``!unsafe``
(a text that is no template). Every other tag that is no plain YAML is a mistake.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import yaml

from deeprig.inventory.sources.gathered import refuse


class Lined(dict[Any, Any]):
    """A mapping that knows the line of each of its keys."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: dict[Any, int] = {}


class Vaulted:
    """Stands for a value that Ansible Vault encrypted."""

    def __repr__(self) -> str:
        return "<a value encrypted by Ansible Vault>"


class Unsafe(str):
    """A text that is no template, whatever it looks like."""

    __slots__ = ()


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader with lines, a key that stands twice being a mistake."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> Lined:
    _refuse_twice(node)
    loader.flatten_mapping(node)  # what `<<` merges comes first, the mapping's own keys after it
    made = Lined()
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, Hashable):
            raise _mistake("a key is a plain text", key_node)
        made[key] = loader.construct_object(value_node, deep=True)
        made.lines[key] = key_node.start_mark.line + 1
    return made


def _refuse_twice(node: yaml.MappingNode) -> None:
    """Raise for a key that stands twice: Ansible warns, and one of the two is silently lost."""
    seen = set()
    for key, _ in node.value:
        if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
            if (key.tag, key.value) in seen:
                raise _mistake(f"the key {key.value!r} stands twice", key)
            seen.add((key.tag, key.value))


def _mistake(text: str, node: yaml.Node) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=text, problem_mark=node.start_mark)


def _vaulted(loader: _Loader, node: yaml.Node) -> Vaulted:
    return Vaulted()


def _unsafe(loader: _Loader, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return Unsafe(loader.construct_scalar(node))
    raise _mistake("!unsafe is understood of a text only", node)


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
_Loader.add_constructor("!vault", _vaulted)
_Loader.add_constructor("!vault-encrypted", _vaulted)
_Loader.add_constructor("!unsafe", _unsafe)


def yaml_of(text: str, place: str) -> Any:
    """Return what a YAML text says; mappings are ``Lined``. Raise InventoryProblem at its line."""
    try:
        # A subclass of the safe loader: it makes plain data only.
        return yaml.load(text, _Loader)  # noqa: S506
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{place}:{mark.line + 1}:{mark.column + 1}" if mark else place
        reason = error.problem or error.context or "it cannot be understood"
        raise refuse(where, f"this is not YAML that can be read: {reason}") from error
    except yaml.YAMLError as error:
        raise refuse(place, f"this is not YAML: {' '.join(str(error).split())}") from error
    except (RecursionError, ValueError) as error:
        # A date such as 2026-02-31 raises ValueError in PyYAML itself.
        raise refuse(place, f"this YAML holds an impossible value: {error}") from error


def plain(value: Any) -> Any:
    """Return the value in plain dictionaries and lists, without lines."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return str(value) if isinstance(value, Unsafe) else value
