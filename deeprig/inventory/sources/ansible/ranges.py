"""Host patterns of Ansible: ``rig[01:10].lab``, ``node[a:c]``, ``rig1:2222``."""

from __future__ import annotations

import re
import string

_RANGE = re.compile(r"\[([0-9A-Za-z]+):([0-9A-Za-z]+)(?::([0-9]+))?\]")
_BRACKETED_PORT = re.compile(r"^\[(?P<host>.+)\]:(?P<port>[0-9]+)$")
_PORT = re.compile(r"^(?P<host>(?:[^:\[\]]|\[[^\]]*\])+):(?P<port>[0-9]+)$")
#: A mistyped range must not fill the memory.
_MOST_HOSTS = 65536


def expand(pattern: str) -> tuple[tuple[str, ...], int | None]:
    """Return the host names of a pattern and the port behind it. Raise ValueError."""
    match = _BRACKETED_PORT.match(pattern) or _PORT.match(pattern)
    port = int(match["port"]) if match else None
    name = match["host"] if match else pattern
    if name.endswith(":") and "::" not in name:
        raise ValueError(f"{pattern!r} ends in a colon, and no port follows")
    names = _expanded(name)
    strange = [one for one in names if "[" in one or "]" in one]
    if strange and not _is_ipv6(name):
        raise ValueError(f"{pattern!r} is no range: write rig[01:10] or node[a:f]")
    return names, port


def _is_ipv6(name: str) -> bool:
    return name.count(":") > 1 and "[" not in name


def _expanded(name: str) -> tuple[str, ...]:
    match = _RANGE.search(name)
    if match is None:
        return (name,)
    head, tail = name[: match.start()], _expanded(name[match.end() :])
    parts = _between(match[1], match[2], int(match[3] or 1))
    if len(parts) * len(tail) > _MOST_HOSTS:
        raise ValueError(f"{name!r} names more than {_MOST_HOSTS} hosts")
    return tuple(f"{head}{part}{rest}" for part in parts for rest in tail)


def _between(first: str, last: str, step: int) -> tuple[str, ...]:
    if step < 1:
        raise ValueError("the step of a range is at least 1")
    if first in string.ascii_letters and last in string.ascii_letters:
        start, end = string.ascii_letters.index(first), string.ascii_letters.index(last)
        chosen = tuple(string.ascii_letters[start : end + 1 : step])
    elif first.isdecimal() and last.isdecimal():
        if first.startswith("0") and len(first) > 1 and len(first) != len(last):
            raise ValueError(f"[{first}:{last}]: with leading zeros both ends are equally long")
        if int(last) - int(first) > _MOST_HOSTS:
            raise ValueError(f"[{first}:{last}] names more than {_MOST_HOSTS} hosts")
        width = len(first) if first.startswith("0") else 0
        chosen = tuple(f"{n:0{width}d}" for n in range(int(first), int(last) + 1, step))
    else:
        raise ValueError(f"[{first}:{last}]: a range has two numbers, or two letters")
    if not chosen:
        raise ValueError(f"[{first}:{last}] ends before it begins")
    return chosen
