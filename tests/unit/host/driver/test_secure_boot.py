"""Secure Boot by mokutil's words (as mokutil 0.6 prints them) and by the EFI variable."""

import pytest
from deeprig_host.driver.secure_boot import secure_boot_state, signing_key

VARIABLE = "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
CERTIFICATE, PRIVATE = "/var/lib/shim-signed/mok/MOK.der", "/var/lib/shim-signed/mok/MOK.priv"


@pytest.mark.parametrize(
    ("told", "state"),
    [
        ("SecureBoot enabled", "enabled"),
        ("SecureBoot disabled", "disabled"),
        ("EFI variables are not supported on this system", "unsupported"),
        ("This system doesn't support Secure Boot", "unsupported"),
    ],
)
def test_mokutil_is_believed(rig, told, state):
    rig.tool("mokutil", f'echo "{told}"')
    assert secure_boot_state(rig.machine) == state


@pytest.mark.parametrize(
    ("content", "state"),
    [(b"\6\0\0\0\1", "enabled"), (b"\6\0\0\0\0", "disabled"), (b"\6", "unknown")],
)
def test_without_mokutil_the_variable_says(rig, content, state):
    rig.tool("mokutil", "exit 127")
    rig.write(VARIABLE, content)
    assert secure_boot_state(rig.machine) == state


def test_a_machine_without_efi_has_no_secure_boot(rig):
    rig.tool("mokutil", "exit 127")
    assert secure_boot_state(rig.machine) == "unsupported"


@pytest.mark.parametrize(
    ("told", "is_enrolled"),
    [("x is already enrolled", True), ("x is not enrolled", False), ("broken", None)],
)
def test_the_key_tells_whether_it_is_enrolled(rig, told, is_enrolled):
    rig.tool("mokutil", f'echo "{told}"; exit 1')
    rig.write(CERTIFICATE, "")
    assert signing_key(rig.machine) is None, "a certificate without its key signs nothing"
    rig.write(PRIVATE, "")
    assert signing_key(rig.machine) == {"path": CERTIFICATE, "is_enrolled": is_enrolled}


def enrolled(rig, *paths):
    rig.tool("mokutil", 'echo "x is already enrolled"; exit 1')
    for path in paths:
        rig.write(path, "")


def test_dkms_own_key_counts_but_not_on_ubuntu_where_dkms_does_not_take_it(rig):
    enrolled(rig, "/var/lib/dkms/mok.pub", "/var/lib/dkms/mok.key")
    assert signing_key(rig.machine) is None
    rig.write("/etc/os-release", "ID=debian\n")
    assert signing_key(rig.machine) == {"path": "/var/lib/dkms/mok.pub", "is_enrolled": True}


def test_debian_does_not_take_the_key_that_is_ubuntus(rig):
    enrolled(rig, CERTIFICATE, PRIVATE)
    rig.write("/etc/os-release", "ID=debian\n")
    assert signing_key(rig.machine) is None


def test_a_key_that_dkms_is_configured_with_comes_first(rig):
    enrolled(rig, CERTIFICATE, PRIVATE, "/root/lab.der", "/root/lab.priv")
    rig.write("/etc/dkms/framework.conf", "# mok_signing_key=/x\nmok_signing_key=/y\n")
    settings = 'mok_signing_key="/root/lab.priv"\nmok_certificate=/root/lab.der\n'
    rig.write("/etc/dkms/framework.conf.d/lab.conf", settings)
    assert signing_key(rig.machine) == {"path": "/root/lab.der", "is_enrolled": True}
