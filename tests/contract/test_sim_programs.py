"""The simulated libraries and programs on a made-up machine: they fail and answer as the real ones.

The machine is a chroot whose /sys, /proc/driver, /dev, /run and /etc are the test's.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.sim.repository.compiled import compile_programs

pytestmark = pytest.mark.e2e  # needs root: a mount namespace and a chroot

OWN = "580.126.20"
RTX_4090, RTX_5090, GTX_1080_TI = "0x2684", "0x2b85", "0x1b06"
GPU, NVSWITCH = "0x030000", "0x068000"
ENTER = """
set -e
for d in usr bin lib lib64 sbin "$2"; do mkdir -p $1/$d && mount --bind /$d $1/$d; done
mount --rbind /proc $1/proc
mount --bind $1/driver $1/proc/driver
touch $1/dev/null
mount --bind /dev/null $1/dev/null
root=$1
shift 2
exec chroot "$root" "$@"
"""
CUDA_PROGRAM = """
import ctypes, sys
cuda = ctypes.CDLL("libcuda.so.1")
def call(name, *arguments):
    error = getattr(cuda, name)(*arguments)
    if error:
        text = ctypes.c_char_p()
        cuda.cuGetErrorName(error, ctypes.byref(text))
        sys.exit(f"{name}: {error} {text.value.decode()}")
ref = ctypes.byref
call("cuInit", 0)
device, context, module, function = (ctypes.c_int(), *(ctypes.c_void_p() for _ in range(3)))
call("cuDeviceGet", ref(device), 0)
call("cuCtxCreate_v2", ref(context), 0, device)
ptx = b".version 7.0\\n.target sm_50\\n.visible .entry deeprig_add()"
call("cuModuleLoadData", ref(module), ptx)
call("cuModuleGetFunction", ref(function), module, b"deeprig_add")
n = 1000
Floats = ctypes.c_float * n
a, b, c = Floats(*range(n)), Floats(*(2 * i for i in range(n))), Floats()
places = [ctypes.c_ulonglong() for _ in range(3)]
for place in places:
    call("cuMemAlloc_v2", ref(place), ctypes.c_size_t(4 * n))
for place, data in zip(places, (a, b)):
    call("cuMemcpyHtoD_v2", place, data, ctypes.c_size_t(4 * n))
values = [*places, ctypes.c_int(n)]
parameters = (ctypes.c_void_p * 4)(*(ctypes.addressof(v) for v in values))
call("cuLaunchKernel", function, (n + 255) // 256, 1, 1, 256, 1, 1, 0, None, parameters, None)
call("cuCtxSynchronize")
call("cuMemcpyDtoH_v2", c, places[2], ctypes.c_size_t(4 * n))
assert all(c[i] == 3 * i for i in range(n))
print("C = A + B")
"""


@pytest.fixture(scope="module")
def templates(tmp_path_factory):
    return compile_programs(tmp_path_factory.mktemp("programs"))


@dataclass(frozen=True)
class Machine:
    """A made-up machine below a directory, with the library and programs of one version."""

    root: Path

    def write(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="ascii")

    def add_pci(self, address: str, device: str, class_code: str = GPU) -> None:
        files = {"vendor": "0x10de", "device": device, "class": class_code}
        for name, text in files.items():
            self.write(f"sys/bus/pci/devices/{address}/{name}", f"{text}\n")

    def load(self, version: str, is_open: bool = True) -> None:
        """Make it look as if a module were loaded."""
        self.write("sys/module/nvidia/version", f"{version}\n")
        title = "NVIDIA UNIX Open Kernel Module for x86_64" if is_open else "NVIDIA UNIX x86_64"
        self.write("driver/nvidia/version", f"NVRM version: {title}  {version}  Build\n")

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        start = ["unshare", "--mount", "--propagation", "private", "sh", "-c", ENTER, "sh"]
        return subprocess.run(
            [*start, str(self.root), sys.base_prefix, *command],
            env={"LD_LIBRARY_PATH": "/sim", "PATH": "/sim:/usr/sbin:/usr/bin", "LC_ALL": "C"},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    def smi(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run("/sim/nvidia-smi", *arguments)

    def query(self, fields: str, *arguments: str) -> str:
        answer = self.smi(f"--query-gpu={fields}", "--format=csv,noheader,nounits", *arguments)
        assert answer.returncode == 0, answer.stdout
        return answer.stdout.strip()

    def cuda(self) -> subprocess.CompletedProcess[str]:
        return self.run(str(Path(sys.executable).resolve()), "-I", "-c", CUDA_PROGRAM)


@pytest.fixture
def machine(templates, tmp_path) -> Machine:
    for name in ("sim", "proc", "driver/nvidia", "dev", "run", "etc", "sys/bus/pci/devices"):
        (tmp_path / name).mkdir(parents=True)
    for name in templates.templates:
        file = tmp_path / "sim" / name
        file.write_bytes(templates.of(name, OWN))
        file.chmod(0o755)
    return Machine(tmp_path)


def test_without_a_module_nvidia_smi_says_the_real_words(machine):
    answer = machine.smi()
    assert answer.returncode == 9
    assert answer.stdout == (
        "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure "
        "that the latest NVIDIA driver is installed and running.\n\n"
    )
    assert "CUDA_ERROR_NO_DEVICE" in machine.cuda().stderr


def test_another_versions_module_is_a_mismatch(machine):
    machine.add_pci("0000:01:00.0", RTX_4090)
    machine.load("580.105.08")
    answer = machine.smi()
    assert answer.returncode == 18
    assert "Driver/library version mismatch\nNVML library version: 580.126\n" in answer.stdout
    assert "803 CUDA_ERROR_SYSTEM_DRIVER_MISMATCH" in machine.cuda().stderr


def test_a_card_is_shown_and_computes(machine):
    machine.add_pci("0000:01:00.0", RTX_4090)
    machine.load(OWN)
    table = machine.smi()
    assert table.returncode == 0
    assert f"Driver Version: {OWN}     CUDA Version: 13.0" in table.stdout
    assert "NVIDIA GeForce RTX 4090" in table.stdout
    boxed = [line for line in table.stdout.splitlines()[1:] if line.strip()]
    assert {len(line) for line in boxed} == {91}
    fields = "index,name,pci.bus_id,driver_version,memory.total,power.limit,compute_cap"
    expected = f"0, NVIDIA GeForce RTX 4090, 00000000:01:00.0, {OWN}, 24564, 450.00, 8.9"
    assert machine.query(fields) == expected
    assert machine.smi("-L").stdout.startswith("GPU 0: NVIDIA GeForce RTX 4090 (UUID: GPU-2684")
    assert machine.cuda().stdout == "C = A + B\n"


@pytest.mark.parametrize(
    ("device", "loaded", "is_open", "is_driven"),
    [
        (RTX_5090, OWN, True, True),
        (RTX_5090, OWN, False, False),
        (GTX_1080_TI, OWN, False, True),
        (GTX_1080_TI, OWN, True, False),
        (RTX_4090, OWN, False, True),
        ("0x1eb8", OWN, True, True),
        ("0x13c2", OWN, False, True),  # by its range: a GTX 970
        ("0x13c2", OWN, True, False),
    ],
)
def test_only_what_module_and_branch_drive_is_there(machine, device, loaded, is_open, is_driven):
    machine.add_pci("0000:01:00.0", device)
    machine.load(loaded, is_open)
    answer = machine.smi("-L")
    assert answer.returncode == (0 if is_driven else 6)
    assert ("GPU 0:" in answer.stdout) == is_driven
    assert ("No devices found" in answer.stdout) != is_driven


def test_a_card_that_the_branch_dropped_is_gone(machine, templates):
    machine.add_pci("0000:01:00.0", GTX_1080_TI)
    machine.add_pci("0000:02:00.0", RTX_4090)
    machine.load(OWN, is_open=False)
    assert len(machine.smi("-L").stdout.splitlines()) == 2
    for name in ("libnvidia-ml.so.1", "nvidia-smi"):
        (machine.root / "sim" / name).write_bytes(templates.of(name, "590.48.01"))
    machine.load("590.48.01", is_open=False)
    listed = machine.smi("-L").stdout
    assert len(listed.splitlines()) == 1
    assert "RTX 4090" in listed


def test_settings_stay_until_the_next_boot(machine):
    machine.add_pci("0000:01:00.0", RTX_4090)
    machine.add_pci("0000:02:00.0", RTX_4090)
    machine.load(OWN)
    assert "Enabled persistence mode for GPU 00000000:01:00.0." in machine.smi("-pm", "1").stdout
    done = machine.smi("-i", "1", "-pl", "300")
    assert "Power limit for GPU 00000000:02:00.0 was set to 300.00 W from 450.00 W." in done.stdout
    fields = "persistence_mode,power.limit"
    assert machine.query(fields).splitlines() == ["Enabled, 450.00", "Enabled, 300.00"]
    (machine.root / "run/deeprig-sim/gpu-state").unlink()
    assert machine.query(fields).splitlines() == ["Disabled, 450.00"] * 2


def test_a_power_limit_out_of_range_is_refused(machine):
    machine.add_pci("0000:01:00.0", RTX_4090)
    machine.load(OWN)
    answer = machine.smi("-pl", "5000")
    assert answer.returncode == 2
    assert "between 150.00 W and 600.00 W" in answer.stdout
    assert machine.query("power.limit") == "450.00"


@pytest.mark.parametrize(
    ("fault", "smi_code", "cuda_error"),
    [
        ("nvml-fails", 255, ""),
        (f"nvml-fails {OWN}", 255, ""),
        ("nvml-fails 570.172.08", 0, ""),
        ("smi-fails", 255, ""),
        ("cuda-init-fails", 0, "cuInit: 999 CUDA_ERROR_UNKNOWN"),
        ("cuda-kernel-fails", 0, "cuCtxSynchronize: 719 CUDA_ERROR_LAUNCH_FAILED"),
    ],
)
def test_injected_faults(machine, fault, smi_code, cuda_error):
    machine.add_pci("0000:01:00.0", RTX_4090)
    machine.load(OWN)
    machine.write("etc/deeprig-sim/faults", f"{fault}\n")
    assert machine.smi().returncode == smi_code
    assert machine.cuda().stderr.strip() == cuda_error


def test_with_an_nvswitch_cuda_waits_for_the_fabric_manager(machine):
    machine.add_pci("0000:01:00.0", "0x2330")
    machine.add_pci("0000:05:00.0", "0x22a3", NVSWITCH)
    machine.load(OWN)
    assert "802 CUDA_ERROR_SYSTEM_NOT_READY" in machine.cuda().stderr
    machine.write("run/nvidia-fabricmanager/version", f"{OWN}\n")
    assert machine.cuda().returncode == 0


def test_the_fabric_manager_refuses_another_version_and_a_host_without_nvswitch(machine):
    machine.load("580.105.08")
    assert "don't match with driver version" in machine.run("/sim/nv-fabricmanager").stderr
    machine.load(OWN)
    assert "Nothing to do" in machine.run("/sim/nv-fabricmanager").stderr


def test_the_persistence_daemon_needs_a_card(machine):
    machine.load(OWN)
    answer = machine.run("/sim/nvidia-persistenced")
    assert answer.returncode == 1
    assert "failed to initialize" in answer.stderr


DAEMON = """
set -e
$1
until [ -s $2 ]; do sleep 0.05; done
nvidia-smi --query-gpu=persistence_mode --format=csv,noheader
ls -l /proc/$(cat $2)/fd | grep -c /dev/nvidia || true
$3
kill $(cat $2)
while [ -e $2 ]; do sleep 0.05; done
nvidia-smi --query-gpu=persistence_mode --format=csv,noheader
"""


def run_daemon(machine: Machine, program: str, pid_file: str, meanwhile: str = "true") -> list[str]:
    answer = machine.run("sh", "-c", DAEMON, "sh", program, pid_file, meanwhile)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout.split()


def test_the_persistence_daemon_holds_the_card_until_it_ends(machine):
    machine.add_pci("0000:01:00.0", RTX_4090)
    machine.load(OWN)
    for name in ("nvidiactl", "nvidia0"):
        machine.write(f"dev/{name}", "")
    pid_file = "/run/nvidia-persistenced/nvidia-persistenced.pid"
    said = run_daemon(machine, "nvidia-persistenced", pid_file)
    # nvidiactl twice: once by NVML
    assert said == ["Enabled", "3", "Disabled"]


def test_the_fabric_manager_makes_the_fabric_ready_until_it_ends(machine):
    machine.add_pci("0000:01:00.0", "0x2330")
    machine.add_pci("0000:05:00.0", "0x22a3", NVSWITCH)
    machine.load(OWN)
    version = "/run/nvidia-fabricmanager/version"
    pid_file = "/run/nvidia-fabricmanager/nv-fabricmanager.pid"
    said = run_daemon(machine, "nv-fabricmanager", pid_file, f"cat {version}")
    assert said == ["Disabled", "0", OWN, "Disabled"]
    assert not (machine.root / version.lstrip("/")).exists()


def test_a_program_that_computes_is_listed(machine):
    machine.add_pci("0000:01:00.0", RTX_4090)
    machine.load(OWN)
    for name in ("nvidiactl", "nvidia0", "nvidia-uvm"):
        machine.write(f"dev/{name}", "")
    program = f"{CUDA_PROGRAM}\nimport subprocess\nprint(subprocess.getoutput('nvidia-smi'))"
    python = str(Path(sys.executable).resolve())
    table = machine.run(python, "-I", "-c", program).stdout
    assert "No running processes found" not in table
    rows = [line for line in table.splitlines() if "  C  " in line and "256MiB" in line]
    assert len(rows) == 1
    assert python[:30] in rows[0]
    assert "No running processes found" in machine.smi().stdout
