"""Read OpenPGP public keys (RFC 9580): whose they are, and a keyring without one of them.

apt's keyrings are plain sequences of packets, or such a sequence in ASCII armour. Reading them
here needs no gpg on either side; whether a signature is good stays apt's business.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass

_PUBLIC_KEY = 6
_BEGIN, _END = "-----BEGIN PGP PUBLIC KEY BLOCK-----", "-----END PGP PUBLIC KEY BLOCK-----"
#: How long a line of the armour is; it may be up to 76 (RFC 9580, 6).
_COLUMNS = 64


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A primary key with all that belongs to it. ``packets`` are its bytes in the keyring."""

    fingerprint: str
    packets: bytes


def public_keys(data: bytes) -> tuple[PublicKey, ...]:
    """Return the keys of a keyring, binary or armoured. Raise ValueError for anything else."""
    data = _without_armour(data)
    found: list[PublicKey] = []
    position = 0
    while position < len(data):
        tag, start, end = _packet(data, position)
        if tag == _PUBLIC_KEY:
            found.append(PublicKey(_fingerprint(data[start:end]), b""))
        if not found:
            raise ValueError("it does not begin with a public key")
        key = found[-1]
        found[-1] = PublicKey(key.fingerprint, key.packets + data[position:end])
        position = end
    return tuple(found)


def fingerprints(data: bytes) -> frozenset[str]:
    """Return the fingerprints of the primary keys, in upper-case hex. Raise ValueError."""
    return frozenset(key.fingerprint for key in public_keys(data))


def without_keys(data: bytes, unwanted: frozenset[str]) -> bytes:
    """Return the keyring without the keys of these fingerprints. Raise ValueError.

    It stays in its form: apt ignores a binary keyring named ``.asc`` (apt-secure(8)).
    """
    left = b"".join(k.packets for k in public_keys(data) if k.fingerprint not in unwanted)
    return _armoured(left) if _is_armoured(data) else left


def binary(data: bytes) -> bytes:
    """Return a keyring as ``Signed-By: *.gpg`` wants it: binary. Raise ValueError."""
    return b"".join(key.packets for key in public_keys(data))


def _is_armoured(data: bytes) -> bool:
    return data.lstrip().startswith(_BEGIN.encode())


def _armoured(data: bytes) -> bytes:
    """Return packets in ASCII armour. GnuPG 2.2 misreads armour without a checksum."""
    text = base64.b64encode(data).decode("ascii")
    lines = (text[start : start + _COLUMNS] for start in range(0, len(text), _COLUMNS))
    checksum = base64.b64encode(_crc24(data).to_bytes(3, "big")).decode("ascii")
    return "\n".join((_BEGIN, "", *lines, f"={checksum}", _END, "")).encode("ascii")


def _crc24(data: bytes) -> int:
    """Return the armour's checksum (RFC 9580, 6.1.1)."""
    crc = 0xB704CE
    for byte in data:
        crc ^= byte << 16
        for _ in range(8):
            crc <<= 1
            if crc & 0x1000000:
                crc ^= 0x1864CFB
    return crc


def _without_armour(data: bytes) -> bytes:
    if not _is_armoured(data):
        return data
    binaries = []
    for block in data.decode("ascii", errors="replace").split(_BEGIN)[1:]:
        body, mark, _ = block.partition(_END)
        if not mark:
            raise ValueError("its ASCII armour has no end")
        binaries.append(_unarmoured(body))
    return b"".join(binaries)


def _unarmoured(body: str) -> bytes:
    """Decode one armoured block; headers end at an empty line, the checksum starts with "="."""
    lines = [line.strip() for line in body.strip("\r\n").splitlines()]
    lines = lines[lines.index("") + 1 :] if "" in lines else lines
    joined = "".join(line for line in lines if not (line.startswith("=") and len(line) == 5))
    try:
        return base64.b64decode(joined, validate=True)
    except binascii.Error as error:
        raise ValueError(f"its ASCII armour is damaged: {error}") from error


def _packet(data: bytes, position: int) -> tuple[int, int, int]:
    """Return tag, start and end of the packet's body (RFC 9580, 4.2). Raise ValueError."""
    head = data[position]
    if not head & 0x80:
        raise ValueError("it is no sequence of OpenPGP packets (a keybox, perhaps)")
    try:
        if head & 0x40:
            tag, (start, length) = head & 0x3F, _new_length(data, position + 1)
        else:
            octets = {0: 1, 1: 2, 2: 4}[head & 3]
            start = position + 1 + octets
            tag, length = (head >> 2) & 15, int.from_bytes(data[position + 1 : start], "big")
    except (IndexError, KeyError) as error:
        raise ValueError("a packet in it has a length that no key has") from error
    if start + length > len(data):
        raise ValueError("it is cut off in the middle of a packet")
    return tag, start, start + length


def _new_length(data: bytes, position: int) -> tuple[int, int]:
    first = data[position]
    if first < 192:
        return position + 1, first
    if first < 224:
        return position + 2, ((first - 192) << 8) + data[position + 1] + 192
    if first == 255:
        return position + 5, int.from_bytes(data[position + 1 : position + 5], "big")
    raise KeyError(first)  # partial lengths are for data, never for keys


def _fingerprint(body: bytes) -> str:
    """Return the fingerprint of a key packet (RFC 9580, 5.5.4). Raise ValueError."""
    version = body[0] if body else 0
    if version == 4:
        # The fingerprint of version 4 is SHA-1 by definition; it names the key, and apt verifies.
        digest = hashlib.sha1(b"\x99" + len(body).to_bytes(2, "big") + body, usedforsecurity=False)
        return digest.hexdigest().upper()
    if version == 6:
        return hashlib.sha256(b"\x9b" + len(body).to_bytes(4, "big") + body).hexdigest().upper()
    raise ValueError(f"a key in it has version {version}, which nobody knows here")
