"""The proof: good only when every source agrees and a kernel computes right.

libcuda and NVML are simulated by a few lines of C, so that the calls themselves are made for real.
"""

import subprocess
import sys

import pytest
from deeprig_host.driver.cuda_kernel import PTX
from deeprig_host.driver.prove import prove

from .conftest import NEW, OLD
from .lab import driver, install

LIBRARIES = r"""
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
static int mode(const char *name) { const char *m = getenv("FAULT"); return m && !strcmp(m, name); }
int nvmlInit_v2(void) { return mode("nvml") ? 18 : 0; }
const char *nvmlErrorString(int e) { return e == 18 ? "Driver/library version mismatch" : "?"; }
int nvmlSystemGetDriverVersion(char *t, unsigned n) { strncpy(t, VERSION, n); return 0; }
int nvmlDeviceGetCount_v2(unsigned *n) { *n = mode("count") ? 1 : 2; return 0; }
static int device;
int cuInit(unsigned f) { if (mode("crash")) abort(); return mode("init") ? 100 : 0; }
int cuGetErrorName(int e, const char **t)
{
    *t = e == 719 ? "LAUNCH_FAILED" : "NO_DEVICE";
    return 0;
}
int cuGetErrorString(int e, const char **t) { *t = "it failed"; return 0; }
int cuDeviceGetCount(int *n) { *n = mode("none") ? 0 : 2; return 0; }
int cuDeviceGet(int *d, int n) { *d = n; return 0; }
int cuCtxCreate_v2(void **c, unsigned f, int d) { *c = &device; device = d; return 0; }
int cuCtxDestroy_v2(void *c) { return c != &device; }
int cuModuleLoadData(void **m, const char *t) { *m = &device; return !strstr(t, "deeprig_add"); }
int cuModuleGetFunction(void **f, void *m, const char *n)
{
    *f = &device;
    return strcmp(n, "deeprig_add");
}
int cuMemAlloc_v2(uint64_t *p, size_t n) { *p = (uintptr_t)malloc(n); return 0; }
int cuMemcpyHtoD_v2(uint64_t p, void *h, size_t n) { memcpy((void *)p, h, n); return 0; }
int cuMemcpyDtoH_v2(void *h, uint64_t p, size_t n) { memcpy(h, (void *)p, n); return 0; }
int cuCtxSynchronize(void) { return mode("launch") ? 719 : 0; }
int cuLaunchKernel(void *f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by,
                   unsigned bz, unsigned s, void *st, void **a, void **e)
{
    float **p[3] = {a[0], a[1], a[2]};
    int n = *(int *)a[3];
    if (f != &device || gx * bx != (unsigned)n || gy * gz * by * bz != 1 || s || st || e) return 1;
    int wrong = mode("wrong") && device;
    for (int i = 0; i < n; i++) (*p[2])[i] = (*p[0])[i] + (*p[1])[i] + (wrong && i > 9);
    return 0;
}
"""
SMI = f"""test "$FAULT" = smi && {{ echo "NVIDIA-SMI has failed" >&2; exit 9; }}
echo {NEW}; echo {NEW}"""


@pytest.fixture(scope="module")
def libraries(tmp_path_factory):
    directory = tmp_path_factory.mktemp("libraries")
    (directory / "sim.c").write_text(LIBRARIES)
    for name in ("libcuda.so.1", "libnvidia-ml.so.1"):
        build = ["gcc", "-shared", "-fPIC", "-w", f'-DVERSION="{NEW}"', "sim.c", "-o", name]
        subprocess.run(build, cwd=directory, check=True)
    return directory


@pytest.fixture
def working(rig, libraries):
    """A machine on which everything agrees."""
    rig.publish(*driver(NEW))
    install(rig, NEW)
    rig.write(
        "/proc/driver/nvidia/version",
        f"NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  {NEW}  Release Build\n",
    )
    rig.add_pci("0000:01:00.0", "0x2684", "0x030000")
    rig.add_pci("0000:02:00.0", "0x2684", "0x030000")
    rig.tool("nvidia-smi", SMI)
    rig.environment["LD_LIBRARY_PATH"] = str(libraries)
    environment = rig.root / "opt/env/bin"
    environment.mkdir(parents=True)
    (environment / "python").symlink_to(sys.executable)
    return rig


def outcomes(answer):
    return {check["name"]: check["outcome"] for check in answer["checks"]}


def bad(answer):
    return {name for name, outcome in outcomes(answer).items() if outcome != "pass"}


def check(answer, name):
    return next(c for c in answer["checks"] if c["name"] == name)


def test_a_working_driver_is_proven_by_every_source(working):
    answer = prove(working.machine, NEW, {"train": "/opt/env"})
    assert (answer["outcome"], answer["version"], answer["simulated"]) == ("good", NEW, None)
    assert len(answer["checks"]) == 10
    assert not bad(answer)
    kernel = check(answer, "CUDA kernel in train")
    assert kernel["evidence"] == "PTX by libcuda: 4096 sums right on each of 2 GPUs"


def test_the_simulation_is_told(working):
    working.write("/etc/deeprig-sim/simulated", "simulated GPUs\n")
    assert prove(working.machine, NEW, {})["simulated"] == "simulated GPUs"


def test_without_an_expectation_the_installed_driver_is_what_counts(working):
    assert prove(working.machine, None, {})["version"] == NEW


def test_another_driver_than_expected_is_not_proven(working):
    answer = prove(working.machine, OLD, {})
    assert answer["outcome"] == "failed"
    assert {"driver package", "loaded module", "NVML", "nvidia-smi"} <= bad(answer)
    assert f"driver package: fail: {NEW}, expected {OLD}" in answer["evidence"]


@pytest.mark.parametrize(
    ("fault", "checks", "evidence"),
    [
        ("nvml", {"NVML", "NVML's number of GPUs"}, "Driver/library version mismatch"),
        ("count", {"NVML's number of GPUs"}, "1, expected 2"),
        ("smi", {"nvidia-smi", "nvidia-smi's number of GPUs"}, "NVIDIA-SMI has failed"),
        ("init", {"CUDA kernel", "CUDA kernel in train"}, "cuInit: NO_DEVICE"),
        ("none", {"CUDA kernel", "CUDA kernel in train"}, "CUDA sees no GPU"),
        ("launch", {"CUDA kernel", "CUDA kernel in train"}, "cuCtxSynchronize: LAUNCH_FAILED"),
        ("wrong", {"CUDA kernel", "CUDA kernel in train"}, "GPU 1: 4086 of 4096 sums are wrong"),
        ("crash", {"CUDA kernel", "CUDA kernel in train"}, "libcuda gave no answer: exit -6"),
    ],
)
def test_each_fault_fails_its_own_checks_and_says_why(working, fault, checks, evidence):
    working.environment["FAULT"] = fault
    answer = prove(working.machine, NEW, {"train": "/opt/env"})
    assert answer["outcome"] == "failed"
    assert bad(answer) == checks
    assert any(evidence in line for line in answer["evidence"]), answer["evidence"]


def test_the_old_module_still_loaded_is_no_proof(working):
    working.write("/sys/module/nvidia/version", OLD + "\n")
    assert bad(prove(working.machine, NEW, {})) == {"loaded module"}


def test_nouveau_is_no_proof(working):
    working.write("/proc/modules", "nouveau 1 0 - Live 0x0\n")
    assert bad(prove(working.machine, NEW, {})) == {"nouveau"}


def test_a_card_that_fell_off_is_no_proof(working):
    working.add_pci("0000:03:00.0", "0x2684", "0x030000")
    answer = prove(working.machine, NEW, {})
    assert bad(answer) == {"NVML's number of GPUs", "nvidia-smi's number of GPUs"}


def test_an_environment_that_is_not_there_fails(working):
    answer = prove(working.machine, NEW, {"gone": "/opt/gone"})
    assert bad(answer) == {"CUDA kernel in gone"}


def test_an_environment_without_an_answer_is_unknown_and_no_proof(working):
    python = working.root / "opt/env/bin/python"
    python.unlink()
    python.write_text("#!/bin/sh\necho no such encoding >&2\nexit 1\n")
    python.chmod(0o755)
    answer = prove(working.machine, NEW, {"train": "/opt/env"})
    assert check(answer, "CUDA kernel in train")["outcome"] == "unknown"
    assert answer["outcome"] == "failed"


FRAMEWORK = """
class version: cuda = {cuda!r}
__version__ = "2"
float32 = "f"
class cuda:
    def device_count(): return 2
class Values:
    def __init__(self, n): self.n = n
    def __mul__(self, k): return self
    def __add__(self, k): return self
    def sum(self): return {total}
def arange(n, device, dtype): {body}
"""


@pytest.mark.parametrize(
    ("values", "outcome", "evidence"),
    [
        ({}, "pass", "torch: torch 2, CUDA 13.0: right on each of 2 GPUs"),
        ({"total": 7}, "fail", "torch: computed 7.0, expected 1048576.0"),
        ({"body": "raise RuntimeError('no\\n kernel image')"}, "fail", "RuntimeError: no kernel"),
        ({"cuda": None}, "pass", "PTX by libcuda"),
    ],
)
def test_a_framework_with_cuda_must_run_a_kernel_itself(working, values, outcome, evidence):
    """torch is simulated here by a module that computes nothing; what is judged is its answer."""
    defaults = {"cuda": "13.0", "total": 1048576, "body": "return Values(n)"}
    site = working.write("/site/torch.py", FRAMEWORK.format(**(defaults | values))).parent
    python = working.root / "opt/env/bin/python"
    python.unlink()
    shift = f"import sys; sys.path.insert(0, {str(site)!r}); "
    python.write_text(
        f'#!/bin/sh\nscript="$3"; shift 3\nexec {sys.executable} -I -c "{shift}\n$script" "$@"\n'
    )
    python.chmod(0o755)
    found = check(prove(working.machine, NEW, {"train": "/opt/env"}), "CUDA kernel in train")
    assert found["outcome"] == outcome, found
    assert evidence in found["evidence"]


def test_the_kernel_is_ptx_that_nvidias_assembler_takes(tmp_path):
    """Skipped where ptxas (of a CUDA toolkit) is not installed."""
    source = tmp_path / "kernel.ptx"
    source.write_bytes(PTX)
    words = ["ptxas", "-arch", "sm_75", str(source), "-o", str(tmp_path / "kernel")]
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("ptxas is not installed")
    assert done.returncode == 0, done.stderr
