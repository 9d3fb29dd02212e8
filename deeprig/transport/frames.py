"""Frames between the controller and a host: what ``far_side.py`` speaks, from this side."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from deeprig.transport.looks import look_of

_NUMBER = struct.Struct(">I")
#: No fact says so much. A frame that is larger, packed or unpacked, is not understood: what a host
#: sends may cost the controller some of this, and not its memory.
LARGEST_BYTES = 64 * 1024 * 1024
_FIELDS_PER_ANSWER = 3


class NotUnderstood(ValueError):
    """What came over the line is no frame of ours."""


@dataclass(frozen=True, slots=True)
class Question:
    """A command as a host is asked it: the shell, what it gets, and whether as root by sudo."""

    shell: str
    text: str
    sudo: bool


@dataclass(frozen=True, slots=True)
class Write:
    """A file as a host is to write it: whole, by the login's user or as root by sudo."""

    path: str
    content: bytes
    sudo: bool


#: ``code`` of what was not done: where it needs pyinfra's own way, or one before it failed.
NOT_HERE, NOT_RUN = -1000, -1001


@dataclass(frozen=True, slots=True)
class Answer:
    """How a command ended there; a negative ``code`` is the signal that ended it."""

    code: int
    output: bytes
    errors: bytes


def frame_of(questions: Iterable[Question]) -> bytes:
    """Return the frame that asks several questions."""
    fields = [
        word.encode()
        for asked in questions
        for word in (asked.shell, asked.text, look_of(asked.text) if asked.shell == "sh" else "")
    ]
    return _packed(fields)


def frame_in_order(items: Iterable[Question | Write]) -> bytes:
    """Return the frame that has several things done one after the other, up to one that fails."""
    fields = [b"=in order"]
    for item in items:
        if isinstance(item, Write):
            fields += [b"=write", item.path.encode(), item.content]
        else:
            fields += [item.shell.encode(), item.text.encode(), b""]
    return _packed(fields)


def _packed(fields: Iterable[bytes]) -> bytes:
    body = zlib.compress(b"".join(_NUMBER.pack(len(field)) + field for field in fields), 1)
    return _NUMBER.pack(len(body)) + body


def read_answers(receive: Callable[[int], bytes], count: int) -> tuple[Answer, ...]:
    """Return ``count`` answers. Raise NotUnderstood for anything else.

    ``receive`` returns exactly so many bytes, or raises.
    """
    (length,) = _NUMBER.unpack(receive(_NUMBER.size))
    if length > LARGEST_BYTES:
        raise NotUnderstood(f"a frame of {length} bytes")
    try:
        fields = _fields(_unpacked(receive(length)), _FIELDS_PER_ANSWER * count)
        found = tuple(
            Answer(int(code), output, errors)
            for code, output, errors in zip(fields[::3], fields[1::3], fields[2::3], strict=True)
        )
    except (zlib.error, struct.error, ValueError) as error:
        raise NotUnderstood(f"a damaged frame: {error}") from error
    if len(found) != count:
        raise NotUnderstood(f"{len(found)} answers to {count} questions")
    return found


def _unpacked(body: bytes) -> bytes:
    """Return what was packed. Raise NotUnderstood for a body that is cut off, or too much."""
    unpacker = zlib.decompressobj()
    text = unpacker.decompress(body, LARGEST_BYTES + 1)
    if len(text) > LARGEST_BYTES:
        raise NotUnderstood(f"{len(body)} bytes that are more than {LARGEST_BYTES} unpacked")
    if not unpacker.eof:
        raise NotUnderstood("a body that is cut off")
    return text


def _fields(text: bytes, most: int) -> list[bytes]:
    fields: list[bytes] = []
    at = 0
    while at < len(text):
        if len(fields) == most:
            raise NotUnderstood("more fields than were asked for")
        (length,) = _NUMBER.unpack_from(text, at)
        at += _NUMBER.size
        if at + length > len(text):
            raise NotUnderstood("a field that is cut off")
        fields.append(text[at : at + length])
        at += length
    return fields
