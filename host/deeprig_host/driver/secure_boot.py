"""Secure Boot and the key that DKMS signs with, by mokutil(1) and the EFI variables."""

from __future__ import annotations

import re
from typing import Any

from deeprig_host.machine.commands import Machine

#: Certificate and private key that DKMS signs with where its configuration names none (dkms(8),
#: prepare_signing): shim-signed's on Ubuntu and no other there, DKMS's own elsewhere.
_UBUNTU_KEY = ("/var/lib/shim-signed/mok/MOK.der", "/var/lib/shim-signed/mok/MOK.priv")
_DKMS_KEY = ("/var/lib/dkms/mok.pub", "/var/lib/dkms/mok.key")
_CONFIGURATION = ("etc/dkms/framework.conf", "etc/dkms/framework.conf.d/*.conf")
_SETTING = re.compile(r"^\s*(mok_signing_key|mok_certificate)=(.*)$", re.MULTILINE)
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
    certificate, private = _pair(machine)
    # A key in a token (pkcs11:) is no file.
    has_private = private.startswith("pkcs11:") or machine.path(private).is_file()
    if machine.path(certificate).is_file() and has_private:
        return {"path": certificate, "is_enrolled": _is_enrolled(machine, certificate)}
    return None


def _pair(machine: Machine) -> tuple[str, str]:
    """Return certificate and private key that DKMS takes; they need not be there."""
    said: dict[str, str] = {}
    for pattern in _CONFIGURATION:
        for file in sorted(machine.root.glob(pattern)):
            text = file.read_text(encoding="utf-8", errors="replace")
            said |= {name: value.strip().strip("\"'") for name, value in _SETTING.findall(text)}
    release = (machine.text("/etc/os-release") or "").splitlines()
    is_ubuntu = any(line in ("ID=ubuntu", 'ID="ubuntu"') for line in release)
    if is_ubuntu and not said.get("mok_signing_key"):
        return _UBUNTU_KEY
    certificate, private = said.get("mok_certificate"), said.get("mok_signing_key")
    return (certificate or _DKMS_KEY[0], private or _DKMS_KEY[1])


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
