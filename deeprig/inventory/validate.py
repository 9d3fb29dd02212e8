"""Turn merged data into frozen settings, collecting every problem of every host first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from deeprig.content import Content
from deeprig.errors import Problem, UsageProblem
from deeprig.inventory.merge import MergedData
from deeprig.inventory.model import DeclaredHost, HostSettings
from deeprig.inventory.read import did_you_mean
from deeprig.masking import MASK, Masker
from deeprig.role import RoleSettings

_SECRET_WORDS = ("password", "secret", "token", "passphrase")
_SHOWN_LENGTH = 60


def validate_host(
    name: str, groups: tuple[str, ...], merged: MergedData, content: Content, lab: Path
) -> tuple[DeclaredHost | None, tuple[Problem, ...]]:
    """Return the declared host, or None and every problem of its data."""
    role_names = content.role_names()
    problems = list(_unknown_keys(name, merged, role_names))
    host_data = {k: v for k, v in merged.data.items() if k in HostSettings.model_fields}
    settings, found = _model(name, "", HostSettings, host_data, merged, lab)
    problems += found
    chosen = _chosen_roles(name, host_data.get("roles"), role_names, problems)
    role_settings: dict[str, RoleSettings] = {}
    for role_name in role_names:
        if chosen is not None and role_name not in (*chosen, *merged.data):
            continue  # a role nobody wants here need not be configured
        data = merged.data.get(role_name, {})
        model, found = _role_model(name, role_name, data, merged, content, lab)
        problems += found
        if model is not None:
            role_settings[role_name] = model
    if problems or settings is None:
        return None, tuple(problems)
    return DeclaredHost(name, groups, settings, role_settings, chosen), ()


def _role_model(
    host: str, role_name: str, data: Any, merged: MergedData, content: Content, lab: Path
) -> tuple[RoleSettings | None, list[Problem]]:
    try:
        model = content.role(role_name).settings
    except UsageProblem as error:
        return None, list(error.problems)
    if not isinstance(data, Mapping):
        reason = f"settings of a role are a dictionary, not {type(data).__name__}"
        return None, [Problem(_place(host, role_name, merged), reason, f"{role_name} = {{...}}")]
    return _model(host, role_name, model, dict(data), merged, lab)


def _unknown_keys(host: str, merged: MergedData, roles: tuple[str, ...]) -> Iterable[Problem]:
    known = (*HostSettings.model_fields, *roles)
    for key in merged.data:
        if key not in known:
            hint = did_you_mean(key, known)
            if hint and hint.startswith("known:"):
                hint = f"roles: {', '.join(roles)}; names for the file's own use start with '_'"
            yield Problem(_place(host, key, merged), "there is no such setting or role", hint)


def _chosen_roles(
    host: str, declared: Any, known: tuple[str, ...], problems: list[Problem]
) -> tuple[str, ...] | None:
    if not isinstance(declared, list | tuple):
        return None  # all of them; a wrong type is reported by the settings model itself
    for position, role in enumerate(declared):
        if isinstance(role, str) and role not in known:
            problems.append(
                Problem(
                    f"{host}: roles[{position}]",
                    f"there is no role {role!r}",
                    did_you_mean(role, known),
                )
            )
    return tuple(role for role in declared if isinstance(role, str))


def _model(
    host: str,
    key: str,
    model: type[Any],
    data: dict[str, Any],
    merged: MergedData,
    lab: Path,
) -> tuple[Any, list[Problem]]:
    try:
        return model.model_validate(data, context={"lab_directory": lab}), []
    except ValidationError as error:
        return None, [
            _explain(host, key, model, detail, merged) for detail in error.errors(include_url=False)
        ]


def _explain(
    host: str, key: str, model: type[BaseModel], detail: ErrorDetails, merged: MergedData
) -> Problem:
    location = [str(part) if isinstance(part, int) else part for part in detail["loc"]]
    path = ".".join([key, *location] if key else location) or key
    reason = detail["msg"].removeprefix("Value error, ")
    remedy = None
    if detail["type"] == "extra_forbidden":
        reason = "there is no such setting"
        remedy = did_you_mean(location[-1], _fields_at(model, detail["loc"][:-1]))
    elif detail["type"] != "missing" and not _is_secret(path):
        reason = f"{_lower_first(reason)}; got {_shown(detail['input'])}"
    elif detail["type"] == "missing":
        reason = "this setting is required"
    place = f"{host}: {path}"
    origins = merged.origins_of([*([key] if key else []), *detail["loc"]])
    return Problem(f"{place} ({', '.join(origins)})" if origins else place, reason, remedy)


def _fields_at(model: type[BaseModel], location: tuple[int | str, ...]) -> tuple[str, ...]:
    """Return the setting names at a location, by walking the models' annotations."""
    current: Any = model
    for part in location:
        if isinstance(part, int):
            continue
        field = getattr(current, "model_fields", {}).get(part)
        current = _model_in(field.annotation) if field is not None else None
    return tuple(getattr(current, "model_fields", ()))


def _model_in(annotation: Any) -> Any:
    """Return the settings model inside an annotation such as ``tuple[Environment, ...] | None``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = _model_in(argument)
        if found is not None:
            return found
    return None


def _place(host: str, key: str, merged: MergedData) -> str:
    origins = merged.origins.get(key)
    return f"{host}: {key} ({', '.join(origins)})" if origins else f"{host}: {key}"


def _is_secret(path: str) -> bool:
    return any(word in path.lower() for word in _SECRET_WORDS)


def _shown(value: Any) -> str:
    text = Masker()(repr(_without_secrets(value)))
    return text if len(text) <= _SHOWN_LENGTH else f"{text[: _SHOWN_LENGTH - 3]}..."


def _without_secrets(value: Any) -> Any:
    """Return a value to show: what stands under a secret's name inside it is masked."""
    if isinstance(value, Mapping):
        return {
            k: MASK if _is_secret(str(k)) else _without_secrets(item) for k, item in value.items()
        }
    if isinstance(value, list | tuple):
        return type(value)(_without_secrets(item) for item in value)
    return value


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]
