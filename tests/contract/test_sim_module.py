"""The simulated kernel modules loaded on real kernels, in a QEMU machine of seconds.

The machine is Debian's cloud kernel and an initramfs of busybox, the prebuilt modules and the
simulated nvidia-smi; its script prints what the tests look at. It has no card.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.sim.repository.compiled import compile_programs
from tests.sim.repository.kernel_root import kernel_root
from tests.sim.repository.prebuilt import SignedModules, signed_modules

pytestmark = pytest.mark.e2e  # needs root (a chroot) and QEMU

DOWNLOAD = """
set -e
mount --bind "$2" "$1/mnt"
mount -t tmpfs tmpfs "$1/var/lib/apt/lists"
exec chroot "$1" sh -ec '
    apt-get -qq -o APT::Sandbox::User=root update
    cd /mnt
    apt-get -qq -o APT::Sandbox::User=root download "linux-image-$0" busybox-static
    for deb in *.deb; do dpkg-deb -x "$deb" tree; done
' "$3"
"""
INIT = """\
#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
export LD_LIBRARY_PATH=/sim PATH=/sim:/bin
say() { echo "@@@ $1"; shift; "$@" 2>&1; echo "rc=$?"; }
say before nvidia-smi
say load insmod /sim/open.ko num_gpus=2
say load-uvm insmod /sim/uvm.ko
say version cat /proc/driver/nvidia/version /sys/module/nvidia/version
say devices ls /dev/nvidia0 /dev/nvidia1 /dev/nvidiactl /dev/nvidia-uvm
say smi nvidia-smi
sleep 60 < /dev/nvidia0 &
say busy sh -c 'sleep 1; rmmod nvidia'
kill $!
wait
say unload sh -c 'rmmod nvidia_uvm && rmmod nvidia'
say gone ls /proc/driver/nvidia /dev/nvidia0
say load-other insmod /sim/proprietary.ko
say other cat /proc/driver/nvidia/version
say mismatch nvidia-smi
say end true
poweroff -f
"""
OWN, OTHER = "580.178.04", "595.84"


@dataclass(frozen=True)
class Answers:
    """What the machine said, by the name of the step."""

    text: str

    def of(self, step: str) -> str:
        assert f"@@@ {step}\n" in self.text, self.text[-3000:]
        return self.text.split(f"@@@ {step}\n")[1].split("@@@ ")[0]


def cpio_entry(name: str, content: bytes, mode: int) -> bytes:
    """Return an entry of an initramfs (newc; the kernel's driver-api/early-userspace)."""
    text = name.encode() + b"\0"
    numbers = (0, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(text), 0)
    head = b"070701" + b"".join(b"%08x" % number for number in numbers) + text
    return head.ljust(-(-len(head) // 4) * 4, b"\0") + content + b"\0" * (-len(content) % 4)


def initramfs(files: dict[str, bytes]) -> bytes:
    directories = ("bin", "dev", "lib", "lib64", "lib/x86_64-linux-gnu", "proc", "sim", "sys")
    made = b"".join(cpio_entry(name, b"", 0o040755) for name in directories)
    made += b"".join(cpio_entry(name, content, 0o100755) for name, content in files.items())
    return made + cpio_entry("TRAILER!!!", b"", 0)


def machine_files(work: Path, root: Path, modules: SignedModules) -> dict[str, bytes]:
    programs = compile_programs(work / "programs")
    opened, closed = modules.contents[OWN, True], modules.contents[OTHER, False]
    files = {
        "init": INIT.encode(),
        "sim/open.ko": opened["nvidia.ko"],
        "sim/uvm.ko": opened["nvidia-uvm.ko"],
        "sim/proprietary.ko": closed["nvidia.ko"],
        "bin/busybox": next((work / "tree").glob("**/bin/busybox")).read_bytes(),
    }
    for name in ("nvidia-smi", "libnvidia-ml.so.1"):
        files[f"sim/{name}"] = programs.of(name, OWN)
    for name in ("lib64/ld-linux-x86-64.so.2", "lib/x86_64-linux-gnu/libc.so.6"):
        files[name] = (root / name).read_bytes()
    return files


@pytest.fixture(scope="module", params=["bookworm", "trixie"])
def answers(request, tmp_path_factory) -> Answers:
    assert shutil.which("qemu-system-x86_64"), "the test needs qemu-system-x86"
    work = tmp_path_factory.mktemp("module")
    kernel = kernel_root(request.param)
    start = ["unshare", "--mount", "--propagation", "private", "sh", "-c", DOWNLOAD, "sh"]
    places = [str(kernel.root), str(work), kernel.release]
    done = subprocess.run([*start, *places], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    modules = signed_modules(kernel, (OWN, OTHER), work / "modules")
    (work / "initramfs").write_bytes(initramfs(machine_files(work, kernel.root, modules)))
    image = next((work / "tree/boot").glob("vmlinuz-*"))
    command = ["qemu-system-x86_64", "-accel", "tcg", "-cpu", "max", "-m", "512", "-no-reboot"]
    command += ["-nographic", "-kernel", str(image), "-initrd", str(work / "initramfs")]
    done = subprocess.run(
        [*command, "-append", "console=ttyS0 quiet panic=1"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=300,
        check=False,
    )
    return Answers(done.stdout.replace("\r\n", "\n"))


def test_the_module_loads_and_shows_what_the_real_one_shows(answers):
    assert "couldn't communicate with the NVIDIA driver" in answers.of("before")
    assert answers.of("load") == "rc=0\n"
    assert answers.of("load-uvm") == "rc=0\n"
    version = answers.of("version")
    assert f"NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  {OWN}  Release" in version
    assert f"\n{OWN}\nrc=0" in version
    assert answers.of("devices").endswith("rc=0\n")


def test_a_machine_without_a_card_has_none(answers):
    assert answers.of("smi") == "No devices found\nrc=6\n"


def test_a_module_in_use_stays_and_an_idle_one_goes(answers):
    assert "Resource temporarily unavailable" in answers.of("busy")
    assert answers.of("unload") == "rc=0\n"
    assert answers.of("gone").count("No such file or directory") == 2


def test_another_versions_module_is_a_mismatch_for_nvml(answers):
    assert answers.of("load-other") == "rc=0\n"
    assert f"NVRM version: NVIDIA UNIX x86_64 Kernel Module  {OTHER}  " in answers.of("other")
    expected = "Failed to initialize NVML: Driver/library version mismatch\n"
    assert answers.of("mismatch") == f"{expected}NVML library version: 580.178\nrc=18\n"
    assert answers.of("end").startswith("rc=0\n")
