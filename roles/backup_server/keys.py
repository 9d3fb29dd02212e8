"""Public keys of clients: one key, and nothing that could be an option or a second line."""

from __future__ import annotations

import base64
import binascii

#: How many bytes each part has that follows the kind's name, 0 for any but none (RFC 8709, 4; RFC
#: 5656, 3.1, points uncompressed; RFC 4253, 6.6; PROTOCOL.u2f of OpenSSH). Certificates need an
#: authority, and have no place here.
_PART_BYTES = {
    "ssh-ed25519": (32,),
    "ecdsa-sha2-nistp256": (8, 65),
    "ecdsa-sha2-nistp384": (8, 97),
    "ecdsa-sha2-nistp521": (8, 133),
    "ssh-rsa": (0, 0),
    "sk-ssh-ed25519@openssh.com": (32, 0),
    "sk-ecdsa-sha2-nistp256@openssh.com": (8, 65, 0),
}
#: What sshd(8) takes for users.
KINDS = tuple(_PART_BYTES)


def public_key(text: str) -> str:
    """Return a public key as ``TYPE BASE64``, without its comment. Raise ValueError."""
    words = text.split()
    if len(text.splitlines()) != 1 or len(words) < 2 or words[0] not in KINDS:
        raise ValueError(
            "this is no public key: one line that begins with ssh-ed25519 or another kind, as in "
            "a .pub file, without options"
        )
    kind, encoded = words[:2]
    if not is_whole(kind, encoded):
        raise ValueError("the public key is cut off or mistyped")
    return f"{kind} {encoded}"


def is_whole(kind: str, encoded: str) -> bool:
    """Say whether Base64 is a key of one of KINDS with all its parts, and nothing behind them."""
    try:
        name, *parts = _parts(base64.b64decode(encoded, validate=True))
    except (binascii.Error, ValueError):
        return False
    wanted = _PART_BYTES[kind]
    fits = (len(part) == size if size else part for part, size in zip(parts, wanted, strict=False))
    return name == kind.encode() and len(parts) == len(wanted) and all(fits)


def _parts(blob: bytes) -> tuple[bytes, ...]:
    """Return the parts of a key, none where one is cut off (RFC 4253, 6.6; RFC 4251, string)."""
    found = []
    while blob:
        end = 4 + int.from_bytes(blob[:4], "big")
        if len(blob) < max(end, 4):
            return ()
        found.append(blob[4:end])
        blob = blob[end:]
    return tuple(found)
