"""SSH keys of a repository: the host's own private one, and that of the server it goes to."""

from __future__ import annotations

from io import StringIO

from paramiko import ECDSAKey, Ed25519Key, PasswordRequiredException, PKey, RSAKey, SSHException

from roles.backup_server.keys import is_whole

_KINDS: tuple[type[PKey], ...] = (Ed25519Key, ECDSAKey, RSAKey)
#: What ssh(1) takes for a server's key; certificates and hardware keys are none of a server's.
_PUBLIC = ("ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384")


def public_key_of(private: str) -> str:
    """Return the public key, as ``TYPE BASE64``. Raise ValueError, telling nothing of the key."""
    for kind in _KINDS:
        try:
            key = kind.from_private_key(StringIO(private))
        except PasswordRequiredException:
            raise ValueError(
                "this private key asks for a passphrase, and nobody is there at night: make one "
                "without (ssh-keygen -t ed25519 -N '')"
            ) from None
        except (SSHException, ValueError, IndexError, TypeError, AssertionError):
            continue  # one of another kind, or a damaged one: paramiko asserts some of its fields
        return f"{key.get_name()} {key.get_base64()}"
    raise ValueError("this is no private key that ssh reads; make one by ssh-keygen -t ed25519")


def host_key(text: str) -> str:
    """Return a server's public key as ``TYPE BASE64``. Raise ValueError for anything else.

    A line of ssh-keyscan(1) or of known_hosts begins with the server's name: it is left out, since
    the URL has it.
    """
    words = text.split()
    start = next((at for at, word in enumerate(words[:2]) if word in _PUBLIC), None)
    if start is None or len(words) < start + 2 or len(text.splitlines()) > 1:
        raise ValueError(f"this is no host key: one line with {', '.join(_PUBLIC)} and the key")
    kind, encoded = words[start : start + 2]
    if not is_whole(kind, encoded):
        raise ValueError("the host key is cut off or mistyped")
    return f"{kind} {encoded}"
