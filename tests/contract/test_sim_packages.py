"""The simulated packages installed for real: the real apt, dpkg, DKMS and kernel headers.

Each test has a Debian root file system of its own (an overlay over a cached one), entered by
chroot; no kernel of it runs, so nothing is loaded.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.sim.repository import api, faults
from tests.sim.repository.kernel_root import kernel_root
from tests.sim.repository.prebuilt import KernelRoot

pytestmark = pytest.mark.e2e  # needs root: overlays and a chroot

# Kernels 6.1 and 6.12. The second takes minutes; that the module builds for it and loads is also
# in test_sim_module.py.
SUITES = ("bookworm", pytest.param("trixie", marks=pytest.mark.full))
ENTER = """
set -e
mkdir -p "$2/root"
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/root"
mount --rbind /proc "$2/root/proc"
mount --bind /dev "$2/root/dev"
mkdir -p "$2/root/repository"
mount --bind "$3" "$2/root/repository"
root=$2/root
shift 3
exec chroot "$root" "$@"
"""


@dataclass(frozen=True)
class Root:
    """A root file system of one test; ``served`` is seen inside as /repository."""

    kernel: KernelRoot
    directory: Path
    served: Path

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        start = ["unshare", "--mount", "--propagation", "private", "sh", "-c", ENTER, "sh"]
        places = [str(p) for p in (self.kernel.root, self.directory, self.served)]
        path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        return subprocess.run(
            [*start, *places, *command],
            env={"PATH": path, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"},
            capture_output=True,
            text=True,
            check=False,
        )

    def done(self, *command: str) -> str:
        """Run a command that must work, and return what it says."""
        answer = self.run(*command)
        assert answer.returncode == 0, answer.stdout[-3000:] + answer.stderr[-3000:]
        return answer.stdout

    def use(self, sources: str) -> None:
        file = self.directory / "upper/etc/apt/sources.list"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(sources, encoding="ascii")
        self.done("apt-get", "update")

    def install(self, *names: str) -> subprocess.CompletedProcess[str]:
        return self.run("apt-get", "install", "-y", "--no-install-recommends", *names)

    def installed(self, *names: str) -> str:
        answer = self.install(*names)
        assert answer.returncode == 0, answer.stdout[-3000:] + answer.stderr[-3000:]
        return answer.stdout

    def module(self) -> dict[str, str]:
        """Return modinfo's fields of the nvidia module of the headers' kernel."""
        lines = self.done("modinfo", "-k", self.kernel.release, "nvidia").splitlines()
        return {k: v.strip() for k, _, v in (line.partition(":") for line in lines)}

    def is_consistent(self) -> bool:
        return self.done("dpkg", "--audit") == ""


@pytest.fixture(scope="module", params=SUITES)
def kernel(request) -> KernelRoot:
    return kernel_root(request.param)


@pytest.fixture(scope="module")
def repositories(kernel, tmp_path_factory) -> api.SimRepositories:
    return api.build(tmp_path_factory.mktemp("sim"), (kernel,))


def make_root(kernel: KernelRoot, directory: Path, served: Path) -> Root:
    for name in ("upper", "work"):
        (directory / name).mkdir(parents=True)
    return Root(kernel, directory, served)


@pytest.fixture
def root(kernel, repositories, tmp_path) -> Root:
    return make_root(kernel, tmp_path, repositories.nvidia.parent)


KEY = "[signed-by=/repository/key/public.gpg]"
NVIDIA = f"deb {KEY} file:/repository/nvidia/ubuntu2404/x86_64/ /\n"
NVIDIA_DEBIAN = f"deb {KEY} file:/repository/nvidia/debian12/x86_64/ /\n"
UBUNTU = "".join(
    f"deb {KEY} file:/repository/ubuntu {suite} main restricted\n"
    for suite in ("noble", "noble-updates", "noble-security")
)


def test_570_becomes_580_with_a_module_that_dkms_built(root):
    root.use(NVIDIA)
    root.installed("nvidia-driver-pinning-570")
    root.installed("nvidia-open")
    assert root.module()["version"] == "570.195.03"
    assert root.module()["license"] == "Dual MIT/GPL"
    root.installed("nvidia-driver-pinning-580")
    root.installed("nvidia-open")
    module = root.module()
    assert module["version"] == "580.159.04"
    assert "/updates/dkms/nvidia.ko" in module["filename"]
    assert "pci:v000010DEd*sv*sd*bc03sc00i00*" in root.done(
        "modinfo", "-k", root.kernel.release, "-F", "alias", "nvidia"
    )
    assert root.done("dkms", "status").split(",")[0] == "nvidia/580.159.04"
    library = "/usr/lib/x86_64-linux-gnu/libnvidia-ml.so"
    assert root.done("readlink", "-f", f"{library}.1").strip() == f"{library}.580.159.04"
    assert root.is_consistent()
    assert root.run("nvidia-smi").returncode == 9


def test_the_proprietary_module_says_so(root):
    root.use(NVIDIA)
    root.installed("cuda-drivers-580")
    assert root.module()["license"] == "NVIDIA"


def test_nvidias_debian_packages_build_too(root):
    root.use(NVIDIA_DEBIAN)
    root.installed("nvidia-driver-pinning-590")
    root.installed("nvidia-driver-cuda", "nvidia-kernel-open-dkms")
    assert root.module()["version"] == "590.48.01"
    root.installed("nvidia-driver-pinning-595")
    root.done("apt-get", "dist-upgrade", "-y")
    assert root.module()["version"] == "595.71.05"
    assert root.is_consistent()


def test_prebuilt_signed_modules_spare_dkms(root):
    root.use(UBUNTU)
    said = root.installed(
        "linux-modules-nvidia-580-open-generic-hwe-24.04", "nvidia-driver-580-open"
    )
    assert "nvidia-dkms" not in said
    module = root.module()
    assert module["version"] == "580.178.04"
    assert module["signer"].startswith("Canonical Ltd. Kernel Module Signing (simulated")
    assert f"/lib/modules/{root.kernel.release}/kernel/" in module["filename"]


def test_without_prebuilt_modules_ubuntus_driver_brings_dkms(root):
    root.use(UBUNTU)
    root.installed("nvidia-headless-595-server", "nvidia-utils-595-server")
    assert "/updates/dkms/" in root.module()["filename"]
    assert root.module()["version"] == "595.84"


def changed(repositories: api.SimRepositories, tmp_path: Path, **faulty: object) -> Path:
    """Return a copy of the repositories in which 580.999.01 is the newest driver, and faulty."""
    copy = faults.copy_of(repositories.nvidia.parent, tmp_path / "changed")
    packages = faults.new_driver("580.999.01", repositories.programs, **faulty)
    faults.add_packages(copy / "nvidia/ubuntu2404/x86_64", packages, repositories.key)
    return copy


def test_a_module_that_does_not_compile_leaves_dpkg_half_configured(kernel, repositories, tmp_path):
    served = changed(repositories, tmp_path, has_broken_module=True)
    root = make_root(kernel, tmp_path / "root", served)
    root.use(NVIDIA)
    answer = root.install("nvidia-driver-580-open=580.999.01-1ubuntu1", "nvidia-dkms-580-open")
    assert answer.returncode == 100
    assert "Bad return status for module build" in answer.stdout + answer.stderr
    log = root.done("cat", "/var/lib/dkms/nvidia/580.999.01/build/make.log")
    assert "simulated: this driver does not build on this kernel" in log
    assert not root.is_consistent()


def test_a_failing_postinst_fails_the_transaction(kernel, repositories, tmp_path):
    served = changed(repositories, tmp_path, failing_postinst_of="nvidia-utils")
    root = make_root(kernel, tmp_path / "root", served)
    root.use(NVIDIA)
    answer = root.install("nvidia-utils-580")
    assert answer.returncode == 100
    assert "simulated: this package's postinst fails" in answer.stderr
    assert not root.is_consistent()


def test_toolkits_stand_side_by_side(root):
    root.use(NVIDIA)
    root.installed("cuda-toolkit-12-8", "cuda-toolkit-13-0", "libcudnn9-cuda-12", "libnccl2")
    assert "release 13.0, V13.0.88" in root.done("/usr/local/cuda/bin/nvcc", "--version")
    assert "release 12.8, V12.8.93" in root.done("/usr/local/cuda-12.8/bin/nvcc", "--version")
    root.done("update-alternatives", "--set", "cuda", "/usr/local/cuda-12.8")
    assert "release 12.8" in root.done("/usr/local/cuda/bin/nvcc", "--version")
    cached = root.done("ldconfig", "-p")
    for name in ("libcudart.so.12", "libcudart.so.13", "libcudnn.so.9", "libnccl.so.2"):
        assert name in cached
    program = "import ctypes; print(ctypes.CDLL('libcudnn.so.9').cudnnGetVersion())"
    assert root.done("python3", "-c", program).strip() == "92000"
    assert root.run("/usr/local/cuda/bin/nvcc", "x.cu").returncode == 1


def test_the_keyring_package_brings_key_source_and_pin(root, repositories):
    deb = "/repository/nvidia/ubuntu2404/x86_64/cuda-keyring_1.1-1_all.deb"
    root.done("dpkg", "-i", deb)
    source = root.done("cat", "/etc/apt/sources.list.d/cuda-ubuntu2404-x86_64.list")
    assert "repos/ubuntu2404/x86_64/ /" in source
    pin = root.done("cat", "/etc/apt/preferences.d/cuda-repository-pin-600")
    assert "Pin: release l=NVIDIA CUDA\nPin-Priority: 600" in pin
    key = repositories.public_key.read_bytes()
    installed = root.directory / "upper/usr/share/keyrings/cuda-archive-keyring.gpg"
    assert installed.read_bytes() == key
    served = repositories.nvidia_directory("ubuntu2404") / "cuda-archive-keyring.gpg"
    assert served.read_bytes() == key
