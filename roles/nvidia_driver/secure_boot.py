"""Whether the firmware will load what DKMS builds, decided before anything changes."""

from __future__ import annotations

from typing import Literal

from roles.nvidia_driver.observation import Observation
from roles.nvidia_driver.refusal import refuse

#: Where the distribution's DKMS keeps its machine-owner key (shim-signed's, dkms's own).
_UBUNTU_KEY = "/var/lib/shim-signed/mok/MOK.der"
_DKMS_KEY = "/var/lib/dkms/mok.pub"


def must_be_signed(seen: Observation, wish: Literal["observe", "on", "off"]) -> bool:
    """Say whether the firmware, or the inventory, wants signed modules."""
    if wish == "observe":
        return seen.secure_boot == "enabled"
    return wish == "on"


def check_dkms_signature(seen: Observation, wish: Literal["observe", "on", "off"]) -> None:
    """Refuse DKMS where its modules would, or might, be rejected at the next boot."""
    if wish == "off" or (wish == "observe" and seen.secure_boot in ("disabled", "unsupported")):
        return
    key = seen.signing_key
    if key is not None and key.is_enrolled:
        return
    told = f"Secure Boot: {seen.secure_boot}" + (" (declared on)" if wish == "on" else "")
    reason = "Secure Boot would reject the kernel module that DKMS builds"
    remedy = _remedy(seen)
    if wish == "observe" and seen.secure_boot == "unknown":
        reason = "nobody can tell whether Secure Boot would reject the module that DKMS builds"
        remedy += "\nWhere Secure Boot is off for certain, set secure_boot to off."
    raise refuse("secure-boot", reason, (told, _told_of_key(seen)), remedy)


def _told_of_key(seen: Observation) -> str:
    key = seen.signing_key
    if key is None:
        return "there is no key that DKMS could sign with"
    state = "is not enrolled" if key.is_enrolled is False else "may or may not be enrolled"
    return f"the signing key {key.path} {state} in the firmware"


def _remedy(seen: Observation) -> str:
    is_ubuntu = seen.distribution == "ubuntu"
    public = _UBUNTU_KEY if is_ubuntu else _DKMS_KEY
    steps = []
    if seen.signing_key is not None:
        public = seen.signing_key.path
    elif is_ubuntu:
        steps.append("Make a key: 'sudo update-secureboot-policy --new-key'.")
    else:
        steps.append(
            "Make a key: 'sudo openssl req -new -x509 -newkey rsa:2048 -nodes -days 36500 "
            '-subj "/CN=DKMS module signing key/" -outform DER '
            f"-keyout /var/lib/dkms/mok.key -out {_DKMS_KEY}'."
        )
    steps.append(
        f"Enrol it: 'sudo mokutil --import {public}' (choose a password), reboot, and at the "
        "machine's console, on the blue MOK screen, choose Enroll MOK, Continue, Yes and enter "
        "that password. Then run deeprig again."
    )
    if is_ubuntu:
        steps.append(
            "Or set source to ubuntu, and have the archive's newest kernel ('apt-get "
            "full-upgrade', reboot): its prebuilt modules are signed by Ubuntu."
        )
    return "\n".join(steps)
