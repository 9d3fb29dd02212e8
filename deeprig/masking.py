"""Keep secrets out of everything that is shown or stored: plans, diffs, logs and reports."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, SecretStr

MASK = "********"
#: A shorter value would mask half of every text (a password of "a").
_SHORTEST_MASKED = 4
_CREDENTIALS_IN_URL = re.compile(r"(?<=://)[^/@\s:]*:[^/@\s]+(?=@)")
_NAMED_SECRET = re.compile(
    # Not password_file=: it names a place.
    r"(?i)\b([\w.-]*(?:password|(?<!nopass)(?<!no)passwd|passphrase|secret|token|api[_-]?key)"
    r"(?![\w.-]*_file\s*[:=]\s*/)[\w.-]*\s*[:=]\s*)(\S+)"
)


@dataclass(frozen=True, slots=True)
class Masker:
    """Replaces secret values, credentials in URLs, and what follows a name such as ``token=``."""

    secrets: tuple[str, ...] = ()

    @classmethod
    def of(cls, *models: BaseModel) -> Masker:
        """Return a masker for every SecretStr inside the given settings."""
        found = {part for model in models for one in secrets_in(model) for part in _parts(one)}
        kept = (s for s in found if len(s) >= _SHORTEST_MASKED)
        return cls(tuple(sorted(kept, key=len, reverse=True)))

    def __call__(self, text: str) -> str:
        """Return the text with every secret replaced by asterisks."""
        for secret in self.secrets:
            text = text.replace(secret, MASK)
        text = _CREDENTIALS_IN_URL.sub(f"{MASK}", text)
        return _NAMED_SECRET.sub(rf"\g<1>{MASK}", text)

    def holds_secret(self, text: str) -> bool:
        """Say whether masking would change the text."""
        return self(text) != text


def _parts(secret: str) -> tuple[str, ...]:
    """Return a secret and, of a text, its lines: a diff or a log shows each by itself.

    What a key begins and ends with is the same for everybody, and says what was masked.
    """
    lines = secret.splitlines()
    return (secret, *(line for line in lines if len(lines) > 1 and not line.startswith("-----")))


def secrets_in(value: Any) -> Iterable[str]:
    """Yield every SecretStr's value inside models, mappings and sequences."""
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, BaseModel):
        for field in type(value).model_fields:
            yield from secrets_in(getattr(value, field))
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from secrets_in(item)
    elif isinstance(value, tuple | list):
        for item in value:
            yield from secrets_in(item)
