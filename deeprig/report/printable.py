"""Make what hosts printed harmless: a report shows text, it does not obey it."""

from __future__ import annotations

import re

#: Escape sequences of ECMA-48: CSI (colours, cursor), OSC (titles, links), and the short ones.
_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b\]|\x9d)[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]*[0-Z\\^-~]"
)
#: Control characters but tab and newline, and halves of surrogate pairs: undecodable bytes.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
#: The two code points that printable() keeps and XML 1.0 cannot hold (section 2.2, "Char").
_NOT_XML = re.compile("[\ufffe\uffff]")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def printable(text: str) -> str:
    """Return the text as a terminal would have left it: no escapes, and of a progress bar its end.

    What then still is no character of a text becomes U+FFFD.
    """
    lines = (_after_returns(line) for line in _ESCAPES.sub("", text).split("\n"))
    return _UNPRINTABLE.sub(_REPLACEMENT, "\n".join(lines))


def xml_legal(text: str) -> str:
    """Return printable text without what XML 1.0 cannot hold even as a reference."""
    return _NOT_XML.sub(_REPLACEMENT, printable(text))


def encodable(text: str, encoding: str) -> str:
    """Return the text with what ``encoding`` cannot say written as ``\\u2714``."""
    return text.encode(encoding, "backslashreplace").decode(encoding)


def _after_returns(line: str) -> str:
    """Return what a carriage return left visible."""
    return line.rstrip("\r").rpartition("\r")[2]
