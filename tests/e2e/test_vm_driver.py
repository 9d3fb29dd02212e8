"""A kernel of its own: the module that DKMS built loads for real, and a reboot is a reboot.

Only the cards and NVIDIA's code are simulated here; see tests/sim/vm.
"""

import os
import shutil
import subprocess
import time

import pytest

from deeprig.lab import disk as lab_disk
from deeprig.lab import writing
from deeprig.lab.state import LabHost, LabState
from tests.e2e.gpu_lab import NEW, OLD
from tests.e2e.running import ROOT
from tests.sim.hosts import pci
from tests.sim.hosts.image import kernel_release, sim_image
from tests.sim.vm import machine, modules
from tests.sim.vm.disk import make_disk

_REBOOT_SECONDS = 300

pytestmark = pytest.mark.skipif(
    shutil.which("qemu-system-x86_64") is None, reason="needs qemu-system-x86"
)


@pytest.fixture(scope="module")
def vm():
    """A running machine with the module of OLD installed and of NEW built: (state, port)."""
    directory = ROOT / ".lab" / f"vm-{os.getpid()}"
    directory.mkdir(parents=True)
    try:
        state, image = LabState(directory), sim_image()
        host = LabHost("vm", "debian12", "10.0.2.15", 0, str(image))
        writing.write_key(state)
        lab_disk.prepare(state, host)
        upper = state.machine("vm") / "upper"
        modules.build(image, upper, kernel_release(image), (OLD, NEW), directory / "dkms")
        made = make_disk(image, upper, (pci.RTX_4090,), directory / "disk")
        with machine.running(made, directory / "console.log") as port:
            yield state, port
    finally:
        shutil.rmtree(directory)


def ask(vm, command):
    """Run a command in the machine as root."""
    state, port = vm
    words = ["ssh", "-F", "/dev/null", "-i", str(state.key), "-p", str(port), "-o", "BatchMode=yes"]
    words += ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"]
    words += ["-o", "LogLevel=ERROR", "-o", "ConnectTimeout=20", "root@127.0.0.1", command]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=300)


def answer(vm, command):
    done = ask(vm, command)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout.strip()


def reboot(vm):
    """Reboot from inside and wait for another boot id; return it."""
    before = answer(vm, "cat /proc/sys/kernel/random/boot_id")
    ask(vm, "systemctl reboot")
    deadline = time.monotonic() + _REBOOT_SECONDS
    while time.monotonic() < deadline:
        done = ask(vm, "cat /proc/sys/kernel/random/boot_id")
        if done.returncode == 0 and done.stdout.strip() != before:
            return done.stdout.strip()
        time.sleep(1)
    raise AssertionError("it did not come back")


def test_an_installed_module_is_loaded_only_by_a_reboot(vm):
    loaded = "cat /sys/module/nvidia/version"
    assert answer(vm, loaded) == OLD
    assert "nvidia " in answer(vm, "cat /proc/modules")
    release = answer(vm, "uname -r")

    answer(vm, f"dkms install nvidia/{NEW} -k {release} --force")
    assert answer(vm, "modinfo -F version nvidia") == NEW
    assert answer(vm, loaded) == OLD, "the kernel keeps what it has loaded"
    assert NEW not in answer(vm, "cat /proc/driver/nvidia/version")

    reboot(vm)
    assert answer(vm, loaded) == NEW
    assert NEW in answer(vm, "cat /proc/driver/nvidia/version")
