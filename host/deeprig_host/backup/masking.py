"""What restic says, without the secrets it was given: it goes into a status that all may read.

restic masks the password of a URL that it understands, and prints whole one that it does not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_MASK = "***"
_SECRET_NAME = re.compile(r"(?:KEY|SECRET|TOKEN|PASSWORD|SAS)$")
#: All up to the last @ of the word: in a password that was not escaped there may be anything.
_IN_URL = re.compile(r"(://[^/\s:@]*:)\S*@")
#: A shorter value would be found in any text.
_LEAST_CHARACTERS = 4


def secrets_of(known: Mapping[str, str]) -> tuple[str, ...]:
    """Return the values of an environment that are secrets, by the names that restic reads."""
    told = (value for name, value in known.items() if _SECRET_NAME.search(name))
    found = [value for value in told if len(value) >= _LEAST_CHARACTERS]
    return tuple(sorted(found, key=len, reverse=True))


def masked(text: str, secrets: tuple[str, ...]) -> str:
    """Return a text with *** for each secret, and for the password of each URL."""
    for secret in secrets:
        text = text.replace(secret, _MASK)
    return _IN_URL.sub(rf"\1{_MASK}@", text)
