"""Secrets of a declaration: written down, or had from a file, the environment or a command.

A command is any password store's: ``pass show lab/restic``, ``age --decrypt -i KEY FILE``,
``vault kv get -field=password lab/restic``. They are resolved once, on the controller, while the
inventory is validated, so that whatever shows or stores text afterwards knows them and masks them
(deeprig.masking). No message here repeats a value.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BeforeValidator, SecretStr, ValidationInfo

_FORMS = "{'file': path}, {'env': NAME} or {'command': ['pass', 'show', 'lab/ntfy']}"
#: A password store may ask its owner something; nobody waits longer.
_COMMAND_SECONDS = 60
#: A shorter one could not be masked without masking half of every text.
_SHORTEST = 4
#: Where a secret is may be told.
_TOLD = ("file", "env")
#: What commands said so far, or why they said nothing, by directory and words.
_SAID: ContextVar[dict[tuple[Path, tuple[str, ...]], str | ValueError] | None]
_SAID = ContextVar("_SAID", default=None)


@contextmanager
def commands_run_once() -> Iterator[None]:
    """Within it a secret's command runs once, however many hosts declare it.

    A group's secret is a hundred hosts': nobody touches a security key a hundred times, or waits a
    hundred times for a store that does not answer.
    """
    token = _SAID.set({})
    try:
        yield
    finally:
        _SAID.reset(token)


def _resolved(value: Any, info: ValidationInfo) -> Any:
    text = _had(value, info)
    if len(text) < _SHORTEST or not text.isprintable() or text != text.strip():
        raise ValueError(f"a secret is one line of at least {_SHORTEST} printable characters")
    return SecretStr(text)


def _resolved_text(value: Any, info: ValidationInfo) -> Any:
    """Return a text of lines, each ended as Unix does: ssh(1) reads no key that lacks the last."""
    lines = _had(value, info).replace("\r\n", "\n").strip("\n").split("\n")
    if sum(map(len, lines)) < _SHORTEST or not all(map(str.isprintable, lines)):
        raise ValueError(
            f"a secret text has lines of printable characters, at least {_SHORTEST} of them"
        )
    return SecretStr("\n".join(lines) + "\n")


def _had(value: Any, info: ValidationInfo) -> str:
    """Return a secret from where it was said to be. Raise ValueError without telling it."""
    lab = (info.context or {}).get("lab_directory", Path())
    if isinstance(value, Mapping):
        if len(value) != 1 or next(iter(value)) not in _SOURCES:
            raise ValueError(f"a secret is a text, {_FORMS}")
        source, place = next(iter(value.items()))
        value = _SOURCES[source](place, lab)
    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    if not isinstance(text, str):
        raise ValueError(f"a secret is a text, {_FORMS}")  # noqa: TRY004 - pydantic's way
    return text


def _from_file(place: Any, lab: Path) -> str:
    path = lab / Path(str(place)).expanduser()
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ValueError(f"the secret's file {path} cannot be read: {reason}") from None


def _from_environment(place: Any, lab: Path) -> str:
    value = os.environ.get(str(place))
    if value is None:
        raise ValueError(f"the environment variable {place} is not set")
    return value


def _from_command(place: Any, lab: Path) -> str:
    if not isinstance(place, list | tuple) or not place:
        raise ValueError("a secret's command is a list: the program, then its arguments")
    words = tuple(w.get_secret_value() if isinstance(w, SecretStr) else str(w) for w in place)
    known = _SAID.get()
    if known is None:
        return _said_by(words, lab)
    if (lab, words) not in known:
        try:
            known[lab, words] = _said_by(words, lab)
        except ValueError as error:
            known[lab, words] = error
    said = known[lab, words]
    if isinstance(said, ValueError):
        raise ValueError(str(said))  # noqa: TRY004 - what it said the first time
    return said


def _said_by(words: tuple[str, ...], lab: Path) -> str:
    try:
        done = subprocess.run(
            words, cwd=lab, capture_output=True, text=True, timeout=_COMMAND_SECONDS, check=False
        )
    except FileNotFoundError:
        raise ValueError(f"the secret's command is not there: {words[0]}") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        # Its arguments are not told: somebody will have put a secret there.
        raise ValueError(f"the secret's command {words[0]}: {type(error).__name__}") from None
    if done.returncode != 0:
        raise ValueError(f"the secret's command {words[0]} failed: exit {done.returncode}")
    return done.stdout.rstrip("\r\n")


_SOURCES: dict[str, Callable[[Any, Path], str]] = {
    "file": _from_file,
    "env": _from_environment,
    "command": _from_command,
}

Secret = Annotated[SecretStr, BeforeValidator(_resolved)]
#: A secret of several lines, such as a private key.
SecretText = Annotated[SecretStr, BeforeValidator(_resolved_text)]


def covered(data: Any, names: Collection[str]) -> Any:
    """Return raw data with what stands under these names wrapped: no message about it repeats it.

    A role's settings do so before anything is validated, since a mistake beside a secret is told
    with what was given. Of a command each word is wrapped: somebody will have put a secret there.
    """
    if isinstance(data, list | tuple):
        return [covered(one, names) for one in data]
    if not isinstance(data, Mapping):
        return data
    return {
        key: _wrapped(value) if key in names else covered(value, names)
        for key, value in data.items()
    }


def _wrapped(value: Any) -> Any:
    if isinstance(value, str):
        return SecretStr(value)
    if isinstance(value, list | tuple):
        return [_wrapped(one) for one in value]
    if isinstance(value, Mapping):
        return {key: one if key in _TOLD else _wrapped(one) for key, one in value.items()}
    return value


def _url(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or " " in text:
        raise ValueError("this is no http or https URL")
    if parts.username or parts.password:
        raise ValueError("a URL with a user's name shows it to every proxy: use a token")
    return value


def refuse_readable_token(url: SecretStr, token: SecretStr | None) -> None:
    """Raise ValueError where a token would cross the network in clear."""
    parts = urlsplit(url.get_secret_value())
    is_here = parts.hostname in ("localhost", "127.0.0.1", "::1")
    if token is not None and parts.scheme == "http" and not is_here:
        raise ValueError("the token would go over the network readable: use https")


def _resolved_url(value: Any, info: ValidationInfo) -> Any:
    return _url(_resolved(value, info))


#: A URL that is a secret as a whole: who knows it can write to the channel behind it.
SecretUrl = Annotated[SecretStr, BeforeValidator(_resolved_url)]
