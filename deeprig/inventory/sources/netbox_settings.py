"""Where a NetBox is and how it is asked: from ``netbox:https://...``, or from a file.

A file says more than a URL can, and holds no secret itself:

    netbox:
      url: https://netbox.lab.example/?tag=gpu
      token: {command: [pass, show, lab/netbox]}
      ca_file: ca.pem
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator

from deeprig.errors import InventoryProblem, Problem
from deeprig.inventory.sources.gathered import refuse
from deeprig.inventory.sources.source import Source
from deeprig.inventory.sources.yaml_lines import Lined, plain
from deeprig.role import RoleSettings
from deeprig.secrets import Secret, covered

#: What pynetbox and NetBox's own tools read too.
TOKEN_VARIABLE = "NETBOX_TOKEN"  # noqa: S105 - the name of a variable
_LOCAL = ("localhost", "127.0.0.1", "::1")


class NetBoxSettings(RoleSettings):
    """How a NetBox is asked."""

    url: str = Field(description="NetBox's own address, or that of a list in its API.")
    token: Secret | None = Field(None, description="API token (a secret).")
    ca_file: Path | None = Field(None, description="PEM file of the CA that NetBox's is of.")
    timeout_seconds: float = Field(30, gt=0, le=600, description="Patience with one answer.")

    @field_validator("url")
    @classmethod
    def _is_url(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("this is no http or https URL")
        if parts.username or parts.password:
            raise ValueError("a password in a URL is shown to everybody; use a token")
        return url


def settings_of_url(source: Source) -> NetBoxSettings:
    """Return how the NetBox of a URL is asked; its token is in the environment, if anywhere."""
    token = {"env": TOKEN_VARIABLE} if os.environ.get(TOKEN_VARIABLE) else None
    raw = {"url": source.place} | ({"token": token} if token else {})
    return _validated(raw, str(_shown(source.place)), source.directory)


def settings_of_file(data: Any, source: Source) -> NetBoxSettings:
    """Return what a file with a ``netbox`` mapping says. Raise InventoryProblem."""
    place = str(source.path)
    if not isinstance(data, Lined) or set(data) != {"netbox"}:
        raise refuse(place, "it holds one mapping, 'netbox'", "write netbox: {url: https://...}")
    body = data["netbox"]
    if not isinstance(body, Lined):
        raise refuse(place, "'netbox' is a mapping", "write netbox: {url: https://...}")
    return _validated(plain(body), place, source.directory, body.lines)


def _validated(
    raw: dict[str, Any], place: str, directory: Path, lines: dict[Any, int] | None = None
) -> NetBoxSettings:
    context = {"lab_directory": directory}
    try:
        made = NetBoxSettings.model_validate(covered(raw, ("token",)), context=context)
    except ValidationError as error:
        raise InventoryProblem(
            tuple(
                _problem(detail["loc"], detail["msg"], place, lines or {})
                for detail in error.errors(include_url=False, include_input=False)
            )
        ) from None  # the error itself shows what was given
    parts = urlsplit(made.url)
    if made.token is not None and parts.scheme == "http" and parts.hostname not in _LOCAL:
        raise refuse(place, "the token would go over the network readable", "use https")
    return made


def _problem(
    location: tuple[int | str, ...], message: str, place: str, lines: dict[Any, int]
) -> Problem:
    key = str(location[0]) if location else ""
    where = f"{place}:{lines[key]}" if key in lines else place
    name = f": netbox.{key}" if key else ""
    reason = message.removeprefix("Value error, ")
    known = f"known: {', '.join(NetBoxSettings.model_fields)}"
    return Problem(f"{where}{name}", reason, known if "Extra inputs" in message else None)


def _shown(url: str) -> str:
    """Return a URL without what may be a secret in it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}"
