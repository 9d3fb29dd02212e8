"""The next-kernel gate, with GRUB's files and a simulated update-grub that reads them."""

import pytest
from deeprig_host.driver.gate import MOTD, gate
from deeprig_host.driver.grub_default import DROP_IN
from deeprig_host.driver.kernels import next_release
from deeprig_host.machine.refusal import Refused

from .conftest import KERNEL, NEW
from .lab import driver, install
from .test_boot_entries import GRUB_CFG, NEWER


@pytest.fixture
def two(rig):
    """Two kernels, and a driver with a module for the running one only."""
    rig.publish(*driver(NEW))
    install(rig, NEW)
    rig.add_kernel(NEWER)
    rig.write("/boot/grub/grub.cfg", GRUB_CFG)
    rig.write("/etc/default/grub", "GRUB_DEFAULT=0\n")
    rig.tool("update-grub", 'echo ran >> "$DPKG_ROOT/update-grub.log"')
    rig.tool("dkms", 'echo "$@" >> "$DPKG_ROOT/dkms.log"; exit 10')
    rig.tool("logger", 'echo "$@" >> "$DPKG_ROOT/logger.log"')
    return rig


def test_a_kernel_without_a_module_does_not_become_the_default_and_everybody_is_told(two):
    assert next_release(two.machine) == NEWER
    answer = gate(two.machine, only_check=False)
    assert (answer["outcome"], answer["next_kernel"]) == ("good", KERNEL)
    assert (answer["is_gated"], answer["without_module"]) == (True, [NEWER])
    assert next_release(two.machine) == KERNEL
    assert two.read("/update-grub.log") == "ran\n"
    assert NEWER in two.read(MOTD)
    assert NEWER in two.read("/logger.log")
    assert two.read("/dkms.log") == f"autoinstall -k {NEWER}\n"


def test_a_second_look_changes_nothing(two):
    gate(two.machine, only_check=False)
    before = two.read(DROP_IN)
    assert gate(two.machine, only_check=False)["is_gated"] is True
    assert two.read("/update-grub.log") == "ran\n"
    assert two.read(DROP_IN) == before


def test_the_gate_opens_when_the_module_is_there(two):
    gate(two.machine, only_check=False)
    two.add_module(NEWER, NEW)
    answer = gate(two.machine, only_check=False)
    assert (answer["is_gated"], answer["next_kernel"]) == (False, NEWER)
    assert two.read(DROP_IN) is None
    assert two.read(MOTD) is None
    assert two.read("/update-grub.log") == "ran\nran\n"


def test_a_module_that_dkms_can_build_needs_no_gate(two):
    built = f"lib/modules/{NEWER}/updates/dkms"
    have = f"lib/modules/{KERNEL}/updates/dkms"
    two.tool(
        "dkms",
        f'mkdir -p "$DPKG_ROOT/{built}"; cp "$DPKG_ROOT/{have}/nvidia.ko"'
        f' "$DPKG_ROOT/{built}/"; echo updates/dkms/nvidia.ko: > '
        f'"$DPKG_ROOT/lib/modules/{NEWER}/modules.dep"',
    )
    answer = gate(two.machine, only_check=False)
    assert (answer["is_gated"], answer["next_kernel"]) == (False, NEWER)
    assert two.read(DROP_IN) is None


def test_checking_tells_and_changes_nothing(two):
    with pytest.raises(Refused, match="has no nvidia module") as refused:
        gate(two.machine, only_check=True)
    assert refused.value.outcome == "failed"
    assert f"kernel {NEWER} has headers" in refused.value.evidence
    assert two.read(DROP_IN) is None
    assert two.read("/dkms.log") is None
    gate(two.machine, only_check=False)
    assert gate(two.machine, only_check=True)["next_kernel"] == KERNEL


def test_a_kernel_without_headers_is_not_built_for(two):
    (two.root / f"usr/src/linux-headers-{NEWER}/Makefile").unlink()
    gate(two.machine, only_check=False)
    assert two.read("/dkms.log") is None
    assert next_release(two.machine) == KERNEL


def test_without_grub_it_says_so(two):
    (two.root / "boot/grub/grub.cfg").unlink()
    (two.root / "etc/default/grub").unlink()
    with pytest.raises(Refused, match="no GRUB") as refused:
        gate(two.machine, only_check=False)
    assert KERNEL in refused.value.remedy


def test_a_kernel_that_grub_does_not_list_is_named(two):
    two.write("/boot/grub/grub.cfg", GRUB_CFG.replace(KERNEL, "6.8.0-1-generic"))
    with pytest.raises(Refused, match=f"no entry for kernel {KERNEL}"):
        gate(two.machine, only_check=False)
    assert two.read(DROP_IN) is None


def test_a_default_that_an_administrator_chose_after_us_is_not_claimed(two):
    two.write("/etc/default/grub.d/99-mine.cfg", "GRUB_DEFAULT=0\n")
    with pytest.raises(Refused, match="does not take kernel"):
        gate(two.machine, only_check=False)


def test_no_kernel_with_a_module_is_a_failure(two):
    two.write(f"/lib/modules/{KERNEL}/modules.dep", "")
    with pytest.raises(Refused, match="has no nvidia module"):
        gate(two.machine, only_check=False)
    assert two.read(DROP_IN) is None


def test_without_a_driver_nothing_is_kept_and_nothing_is_known(rig):
    assert gate(rig.machine, only_check=False)["outcome"] == "good"
    assert gate(rig.machine, only_check=True)["outcome"] == "unknown"
