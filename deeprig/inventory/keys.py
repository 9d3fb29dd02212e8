"""Check the SSH key files an inventory names, before anything is contacted."""

from __future__ import annotations

from pathlib import Path

from paramiko import PKey
from paramiko.pkey import UnknownKeyType
from paramiko.ssh_exception import PasswordRequiredException, SSHException

from deeprig.errors import Problem
from deeprig.inventory.model import DeclaredHost


def key_problems(host: DeclaredHost, directory: Path) -> tuple[Problem, ...]:
    """Return what is wrong with the host's key file: missing, unreadable, encrypted, no key."""
    if host.settings.ssh_key is None:
        return ()
    path = directory / host.settings.ssh_key.expanduser()
    passphrase = host.settings.ssh_key_password
    secret = passphrase.get_secret_value().encode() if passphrase else None
    place = f"{host.name}: ssh_key"
    try:
        PKey.from_path(path, passphrase=secret)
    except FileNotFoundError:
        return (
            Problem(
                place, f"there is no key file {path}", "relative paths start at the lab directory"
            ),
        )
    except OSError as error:
        return (
            Problem(place, f"{path} cannot be read: {error.strerror}", "check its owner and mode"),
        )
    except (PasswordRequiredException, TypeError):
        # from_path raises TypeError for an encrypted PEM without a passphrase (cryptography's).
        remedy = "give ssh_key_password, or load the key into an SSH agent and leave ssh_key out"
        return (Problem(place, f"{path} is encrypted", remedy),)
    except (SSHException, UnknownKeyType, ValueError) as error:
        return (
            Problem(
                place,
                f"{path} is no private key that can be read: {error}",
                "make one: ssh-keygen -t ed25519",
            ),
        )
    return ()
