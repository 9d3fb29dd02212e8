"""Secure Boot and the key that DKMS signs with, by mokutil(1) and the EFI variables."""

from __future__ import annotations

from typing import Any

from deeprig_host.driver.commands import Machine

#: Certificate and private key: Ubuntu's shim-signed, then DKMS's own (dkms(8), SIGNING).
_KEYS = (
    ("/var/lib/shim-signed/mok/MOK.der", "/var/lib/shim-signed/mok/MOK.priv"),
    ("/var/lib/dkms/mok.pub", "/var/lib/dkms/mok.key"),
)
_VARIABLES = "/sys/firmware/efi/efivars"
#: An EFI variable's file: four bytes of attributes, then the data (efivarfs, kernel.org).
_ATTRIBUTE_BYTES = 4


def secure_boot_state(machine: Machine) -> str:
    """Return enabled, disabled, unsupported or unknown."""
    done = machine.run("mokutil", "--sb-state", seconds=10)
    told = (done.out + done.err).lower()
    for text, state in (
        ("secureboot enabled", "enabled"),
        ("secureboot disabled", "disabled"),
        ("efi variables are not supported", "unsupported"),
        ("doesn't support secure boot", "unsupported"),
    ):
        if text in told:
            return state
    return _state_by_variable(machine)


def signing_key(machine: Machine) -> dict[str, Any] | None:
    """Return the key pair that DKMS would sign with, None where there is none."""
    for certificate, private in _KEYS:
        if machine.path(certificate).is_file() and machine.path(private).is_file():
            return {"path": certificate, "is_enrolled": _is_enrolled(machine, certificate)}
    return None


def _is_enrolled(machine: Machine, certificate: str) -> bool | None:
    done = machine.run("mokutil", "--test-key", str(machine.path(certificate)), seconds=10)
    told = (done.out + done.err).lower()
    if "is already enrolled" in told or "is already in" in told:
        return True
    return False if "is not enrolled" in told else None


def _state_by_variable(machine: Machine) -> str:
    if not machine.path("/sys/firmware/efi").is_dir():
        return "unsupported"
    for variable in sorted(machine.path(_VARIABLES).glob("SecureBoot-*")):
        try:
            content = variable.read_bytes()
        except OSError:
            return "unknown"
        if len(content) > _ATTRIBUTE_BYTES:
            return "enabled" if content[_ATTRIBUTE_BYTES] == 1 else "disabled"
    return "unknown"
