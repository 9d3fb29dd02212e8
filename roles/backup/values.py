"""What single settings of the backup role may hold; no message repeats what may be a secret."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from deeprig.secrets import SecretText
from roles.backup.destination import destination, has_password
from roles.backup.keys import host_key, public_key_of

#: The variable whose value is a repository's URL that holds a password.
URL_VARIABLE = "RESTIC_REPOSITORY"
#: restic's own variables that other settings have, or that would turn its work around.
_TAKEN = re.compile(r"RESTIC_(REPOSITORY_|PASSWORD|KEY_HINT|FROM_|CACHE|PROGRESS)\w*")
_SUBSET = re.compile(r"(?:100|[1-9]?\d(?:\.\d+)?)%|([1-9]\d{0,3})/([1-9]\d{0,3})|[1-9]\d*[KMGT]?")


def _absolute(path: str) -> str:
    parts = path.split("/")
    if not path.startswith("/") or not path.isprintable():
        raise ValueError("this is no absolute path")
    if "." in parts or ".." in parts:
        raise ValueError("a path over . or .. is not taken")
    return "/" + "/".join(part for part in parts if part)


def _named_once(paths: tuple[str, ...]) -> tuple[str, ...]:
    twice = sorted({path for path in paths if paths.count(path) > 1})
    if twice:
        raise ValueError(f"{', '.join(twice)} stands twice")
    return paths


def _pattern(text: str) -> str:
    if not text.strip() or not text.isprintable():
        raise ValueError("this is no pattern of restic's")
    if text.startswith("!"):
        raise ValueError("a pattern with ! takes back others: leave out what should be kept")
    return text


def _subset(text: str) -> str:
    found = _SUBSET.fullmatch(text)
    if not found or (found[1] and int(found[1]) > int(found[2])) or text in ("0%", "0.0%"):
        raise ValueError("this is no share of the data: give 5%, 1/12 or 500M")
    return text


def _clock(text: str) -> str:
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", text):
        raise ValueError("this is no time of day: give HH:MM, such as 01:00")
    return text


def _private_key(key: SecretStr) -> SecretStr:
    public_key_of(key.get_secret_value())
    return key


def _variable(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise ValueError("this is no name of a variable")
    if _TAKEN.fullmatch(name):
        raise ValueError("this variable is deeprig's own; a setting beside this one has it")
    return name


def is_misplaced_secret(name: str, value: Any) -> bool:
    """Say whether a secret stands where none should: a password in a URL, the wrong key."""
    if not isinstance(value, str):
        return False
    is_url = name == "url" and value.startswith(("rest:", "s3:"))
    return "PRIVATE KEY" in value or (is_url and has_password(value))


def _url(value: Any) -> Any:
    if isinstance(value, SecretStr):
        raise ValueError(  # noqa: TRY004 - pydantic's way
            "it holds a password, and is no secret here: leave it out, and have "
            f"environment = {{'{URL_VARIABLE}': {{'file': path}}}}"
        )
    if isinstance(value, str):
        destination(value)
    return value


AbsolutePath = Annotated[str, AfterValidator(_absolute)]
Paths = Annotated[tuple[AbsolutePath, ...], AfterValidator(_named_once)]
Pattern = Annotated[str, AfterValidator(_pattern)]
Subset = Annotated[str, AfterValidator(_subset)]
PrivateKey = Annotated[SecretText, AfterValidator(_private_key)]
HostKey = Annotated[str, AfterValidator(host_key)]
Variable = Annotated[str, AfterValidator(_variable)]
Url = Annotated[str, BeforeValidator(_url)]
Clock = Annotated[str, AfterValidator(_clock)]
Snapshots = Annotated[int, Field(ge=0, le=10_000)]
