"""The cuda role on a real host, from the simulated NVIDIA repository (packages are simulated)."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from deeprig.lab import api
from tests.e2e.gpu_lab import OLD, changed, moves, told
from tests.e2e.running import ROOT, LabDirectory
from tests.sim.hosts import api as sim
from tests.sim.hosts import pci
from tests.sim.repository import faults
from tests.sim.repository.api import SimRepositories, build
from tests.sim.repository.cuda_libraries import cuda_package

HOST = "rig1"
FLAT = "debian12/x86_64"
SOURCE = "/etc/apt/sources.list.d/deeprig-nvidia-cuda.sources"
#: The archive would be reached through a proxy that only role base sets.
_NO_ARCHIVE = "rm -f /etc/apt/sources.list /etc/apt/sources.list.d/debian.sources"
#: Everything that the role or a test brings; what is installed first goes last.
_CLEAN = f"""
{_NO_ARCHIVE}
dpkg-query -W -f '${{Package}}\\n' 'cuda*' 'libcudnn*' 'libnccl*' 'nvidia-*' 2>/dev/null |
  xargs -r dpkg --purge --force-depends >/dev/null
rm -rf /etc/apt/sources.list.d/*cuda* /etc/apt/sources.list.d/old* /etc/apt/keyrings/*cuda* \
  /etc/apt/preferences.d/00-deeprig* /etc/apt/trusted.gpg.d/test* /usr/local/cuda* \
  {SOURCE} /etc/profile.d/deeprig-cuda.sh /etc/ld.so.conf.d/deeprig-cuda.conf
rm -rf /var/lib/apt/lists/*_Packages /var/lib/apt/lists/*Release
mkdir -p /etc/deeprig-sim
echo simulated > /etc/deeprig-sim/simulated
"""


@dataclass(frozen=True)
class CudaLab(LabDirectory):
    """A lab whose only role is cuda. What it serves is a copy, which tests may break."""

    repositories: SimRepositories
    served: Path

    @property
    def flat(self) -> Path:
        return self.served / FLAT

    def declare(self, repository=None, roles=("cuda",), base=None, **settings):
        """Declare the host with cuda's settings; ``repository`` replaces some of the keys'."""
        package = f"{FLAT}/cuda-keyring_1.1-1_all.deb"
        known = {
            "base_url": self.state.url("nvidia").rstrip("/"),
            # Fetched on the controller, which reaches the lab's files on its own loopback.
            "keyring_url": f"{self.state.controller_url('nvidia')}{package}",
            "keyring_sha256": self.repositories.keyring_sha256("debian12"),
            "fingerprint": self.repositories.fingerprint,
        }
        found = {k: v for k, v in (known | (repository or {})).items() if v is not None}
        more = {} if base is None else {"base": base}
        self.data(roles=list(roles), cuda={"nvidia_repository": found} | settings, **more)

    def root(self, command: str) -> str:
        done = self.ssh(HOST, command)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout.strip()

    def has(self, path: str) -> bool:
        return self.ssh(HOST, f"test -e {path}").returncode == 0

    def packages(self) -> dict[str, str]:
        """Return the installed packages of CUDA, and their versions."""
        query = "dpkg-query -W -f '${db:Status-Abbrev}|${Package}|${Version}\\n'"
        rows = self.ssh(HOST, f"{query} 'cuda*' 'libcudnn*' 'libnccl*'").stdout.splitlines()
        found = {r.split("|")[1]: r.split("|")[2] for r in rows if r.startswith("ii")}
        return {name: version for name, version in found.items() if name != "cuda-keyring"}

    def refused(self, words: str) -> str:
        """Apply, which must fail once, in words for people, and install nothing."""
        before = self.packages()
        document = self.json("apply", code=1)
        text = told(document)
        assert words in text, text
        assert "Traceback" not in text
        assert self.packages() == before
        return text

    def failing_checks(self) -> list[str]:
        """Return the names of the checks that do not pass, of a verify that must fail."""
        found = self.json("verify", code=1)["hosts"][0]["checks"]
        return [c["name"] for c in found if c["outcome"] in ("fail", "unknown")]

    def assert_settled(self) -> None:
        assert changed(self.json("apply")) == []
        assert self.json("verify")["hosts"][0]["status"] == "passed"


@pytest.fixture(scope="module")
def cuda_host(tmp_path_factory):
    directory = ROOT / ".lab" / f"cuda-{os.getpid()}"
    served = tmp_path_factory.mktemp("served") / "nvidia"
    served.mkdir()
    try:
        state = api.up(api.LabSpec(directory, 1, "debian12", served=(("nvidia", served),)))
        yield state, served
    finally:
        api.down(directory)


@pytest.fixture
def cuda(cuda_host, tmp_path):
    """A whole repository; the host as the last test left it."""
    state, served = cuda_host
    repositories = build()
    shutil.rmtree(served / "debian12", ignore_errors=True)
    faults.copy_of(repositories.nvidia / "debian12", served / "debian12")
    lab = CudaLab(tmp_path / "lab", state, None, repositories, served)
    lab.path.mkdir()
    lab.hosts(rig1={})
    return lab


@pytest.fixture
def fresh(cuda):
    """The same, on a host without CUDA and without NVIDIA's sources."""
    cuda.root(_CLEAN)
    cuda.declare(toolkits=["13.0"])
    return cuda


@pytest.fixture
def stale(fresh):
    """A host with what years of instructions from the web leave behind."""
    url = f"{fresh.state.url('nvidia').rstrip('/')}/{FLAT}"
    key, other = fresh.repositories.public_key, "http://other.test/x"
    done = subprocess.run(
        ["base64", "-w0", str(key)], capture_output=True, text=True, check=True, timeout=10
    )
    fresh.root(f"echo {done.stdout} | base64 -d > /etc/apt/trusted.gpg.d/test-old.gpg")
    fresh.root(f"echo 'deb [signed-by=/x.gpg] {url} /' > /etc/apt/sources.list.d/old.list")
    signed = "Signed-By: /etc/apt/trusted.gpg.d/test-old.gpg"
    stanza = f"Types: deb\\nURIs: {url}/\\nSuites: /\\n{signed}\\n"
    second = f"Enabled: no\\nTypes: deb\\nURIs: {other}\\nSuites: /\\n"
    fresh.root(f"printf '{stanza}\\n{second}' > /etc/apt/sources.list.d/old.sources")
    return fresh


def test_stale_sources_and_keys_that_stop_apt_are_removed(stale):
    broken = stale.ssh(HOST, "apt-get update")
    assert broken.returncode != 0
    assert "Conflicting values set for option Signed-By" in broken.stderr
    # The key stands for NVIDIA's revoked one, which nobody can make: the table gets its
    # fingerprint here, in the inventory, which deeprig reads as Python.
    patch = (
        "from deeprig.tasks import nvidia_sources\n"
        f"nvidia_sources.OLD_KEYS |= {{'{stale.repositories.fingerprint}'}}\n"
    )
    stale.inventory.write_text(patch + stale.inventory.read_text())
    checks = stale.failing_checks()
    assert "one source of NVIDIA's repository" in checks
    assert "no old key of NVIDIA's is trusted" in checks
    plan = stale.json("plan")
    assert "Remove old sources and keys of NVIDIA" in changed_or_pending(plan)

    stale.run("apply")
    assert not stale.has("/etc/apt/sources.list.d/old.list")
    assert not stale.has("/etc/apt/trusted.gpg.d/test-old.gpg")
    assert not stale.has("/etc/apt/sources.list.d/cuda-debian12-x86_64.list")
    assert "other.test" in stale.root("cat /etc/apt/sources.list.d/old.sources")
    assert "nvidia" not in stale.root("cat /etc/apt/sources.list.d/old.sources")
    stale.root("apt-get update")
    stale.assert_settled()


def changed_or_pending(document):
    """Return the names of the operations that a plan would run."""
    found = document["hosts"][0]["operations"]
    return [o["name"] for o in found if o["status"] not in ("unchanged", "skipped", "noop")]


# What proves the repository to be NVIDIA's.


def test_a_keyring_package_with_another_checksum_is_refused(fresh):
    fresh.declare({"keyring_sha256": "ab" * 32}, toolkits=["13.0"])
    fresh.refused("its SHA-256 is")
    assert not fresh.has("/usr/share/keyrings/cuda-archive-keyring.gpg")
    assert not fresh.has(SOURCE)


def test_a_keyring_package_with_another_key_is_refused(fresh):
    fresh.declare({"fingerprint": "AB" * 20}, toolkits=["13.0"])
    fresh.refused("keyring_sha256 and fingerprint contradict each other")
    assert not fresh.has(SOURCE)


def test_an_unsigned_repository_is_refused_and_the_mended_one_taken(fresh):
    faults.remove_signatures(fresh.flat)
    fresh.refused("is not signed")
    shutil.rmtree(fresh.served / "debian12")
    faults.copy_of(fresh.repositories.nvidia / "debian12", fresh.served / "debian12")
    fresh.run("apply")
    fresh.assert_settled()


def test_a_repository_signed_by_a_stranger_is_refused(fresh):
    stranger = faults.sign_as_stranger(fresh.flat)
    assert stranger[-16:] in fresh.refused("NO_PUBKEY")


def test_the_bare_key_is_taken_by_its_fingerprint_and_no_other(fresh):
    key = fresh.repositories.public_key
    shutil.copy(key, fresh.flat / "cuda-archive-keyring.gpg")
    by_key = {
        "keyring_url": None,
        "keyring_sha256": None,
        "key_url": f"{fresh.state.controller_url('nvidia')}{FLAT}/cuda-archive-keyring.gpg",
    }
    fresh.declare(by_key | {"fingerprint": "AB" * 20}, toolkits=["13.0"])
    fresh.refused(f"{fresh.repositories.fingerprint}, expected")
    assert not fresh.has(SOURCE)

    fresh.declare(by_key, toolkits=["13.0"])
    fresh.run("apply")
    assert fresh.has("/etc/apt/keyrings/deeprig-nvidia-cuda.gpg")
    assert not fresh.has("/usr/share/keyrings/cuda-archive-keyring.gpg")
    fresh.assert_settled()


# Refusals before anything is changed.


def test_cudas_metapackage_is_refused_installed_and_declared(fresh, tmp_path):
    deb = faults.foreign_package(tmp_path, "cuda", "13.2.2-1")
    shutil.copy(deb, fresh.served / "cuda.deb")
    url = f"{fresh.state.url('nvidia')}cuda.deb"
    fetch = f"import urllib.request as r; r.urlretrieve('{url}', '/root/cuda.deb')"
    fresh.root(f'python3 -c "{fetch}" && dpkg -i /root/cuda.deb')
    assert "apt-get remove cuda" in fresh.refused("cuda is installed: it depends on a driver")
    assert not fresh.has(SOURCE)
    assert "no metapackage brings a driver" in fresh.failing_checks()
    fresh.root("dpkg --purge cuda")

    base = fresh.base_settings()
    fresh.declare(toolkits=["13.0"], base=base | {"packages": ["cuda-13-0"]})
    fresh.refused("base.packages has cuda-13-0")


def test_a_directory_in_the_way_of_the_default_is_refused(fresh):
    fresh.root("mkdir -p /usr/local/cuda/bin")
    fresh.refused("/usr/local/cuda is a directory and no link")
    assert not fresh.has(SOURCE)


def test_a_transaction_that_would_bring_a_driver_is_refused(fresh):
    bad = cuda_package("cuda-toolkit-13-0", "13.0.9-1", depends=("nvidia-modprobe",))
    faults.add_packages(fresh.flat, (bad,), fresh.repositories.key)
    text = fresh.refused("apt would install ")
    assert "nvidia-modprobe " in text
    assert "changed by role nvidia_driver alone" in text


def test_nccl_for_a_toolkit_that_has_none_is_refused_with_what_there_is(fresh):
    fresh.declare(toolkits=["12.6"])
    fresh.refused("2.29.7-1+cuda12.9")


# Toolkits side by side, newer ones, and their end.


def test_two_toolkits_and_a_switch_of_the_default(fresh):
    fresh.declare(toolkits=["12.9", "13.0"])
    assert "toolkit 13.0 is there" in fresh.failing_checks()
    fresh.run("apply")
    assert fresh.root("readlink -f /usr/local/cuda") == "/usr/local/cuda-13.0"
    assert "12.9" in fresh.root("/usr/local/cuda-12.9/bin/nvcc --version")
    fresh.assert_settled()

    fresh.declare(toolkits=["12.9", "13.0"], default="12.9")
    failing = fresh.failing_checks()
    assert {"the default toolkit", "cuDNN matches the toolkit", "NCCL matches the toolkit"} <= set(
        failing
    )
    fresh.run("apply")
    assert fresh.root("readlink -f /usr/local/cuda") == "/usr/local/cuda-12.9"
    assert "+cuda12.9" in fresh.packages()["libnccl2"]
    assert "libcudnn9-cuda-12" in fresh.packages()
    fresh.assert_settled()

    # A run that was cut after it had placed the list of libraries: the index is older.
    fresh.root("touch /etc/ld.so.conf.d/deeprig-cuda.conf")
    assert changed(fresh.json("apply")) == ["Index the libraries"]
    fresh.assert_settled()


def newer(lab):
    """Publish newer toolkit, cuDNN and NCCL; the libraries' files stay those of the old."""
    nccl, cudnn = "2.30.1-1+cuda13.0", "9.21.0.1-1"
    key = lab.repositories.key
    before = {p.stem.split("_")[0]: p for p in lab.flat.glob("*.deb")}
    assert "libnccl2" in before
    packages = (
        cuda_package("cuda-toolkit-13-0", "13.0.4-1", depends=("cuda-nvcc-13-0",)),
        cuda_package("cuda-toolkit-13-2", "13.2.9-1", depends=("cuda-nvcc-13-2",)),
        cuda_package("libnccl2", nccl),
        cuda_package("libnccl-dev", nccl, depends=(f"libnccl2 (= {nccl})",)),
        cuda_package("libnccl2", "2.31.0-1+cuda13.2"),
        cuda_package("libcudnn9-cuda-13", cudnn),
        cuda_package("libcudnn9-dev-cuda-13", cudnn, depends=(f"libcudnn9-cuda-13 (= {cudnn})",)),
    )
    faults.add_packages(lab.flat, packages, key)
    return {
        ("cuda-toolkit-13-0", "13.0.3-1", "13.0.4-1"),
        ("libnccl2", "2.28.9-1+cuda13.0", nccl),
        ("libnccl-dev", "2.28.9-1+cuda13.0", nccl),
        ("libcudnn9-cuda-13", "9.20.0.48-1", cudnn),
        ("libcudnn9-dev-cuda-13", "9.20.0.48-1", cudnn),
    }


def test_update_moves_what_is_not_pinned_and_apply_moves_nothing(fresh):
    fresh.run("apply")
    wanted = newer(fresh)
    fresh.root("apt-get update")
    assert changed(fresh.json("apply")) == []
    assert set(moves(fresh.json("update", "--toolkit", "--plan"))) == wanted
    assert fresh.packages()["libnccl2"] == "2.28.9-1+cuda13.0", "a plan changes nothing"
    assert set(moves(fresh.json("update", "--toolkit"))) == wanted
    found = fresh.packages()
    assert all(found[name] == after for name, _, after in wanted)
    assert moves(fresh.json("update", "--toolkit")) == []
    # An upgrade of everything stays with what is built for the default toolkit.
    fresh.root("DEBIAN_FRONTEND=noninteractive apt-get -y -qq dist-upgrade")
    assert fresh.packages()["libnccl2"] == "2.30.1-1+cuda13.0"


def test_update_leaves_what_is_pinned(fresh):
    pinned = {"cudnn_version": "9.10.2.21-1", "nccl_version": "2.28.9-1+cuda13.0"}
    fresh.declare(toolkits=["13.0"], **pinned)
    fresh.run("apply")
    newer(fresh)
    assert moves(fresh.json("update", "--toolkit")) == [
        ("cuda-toolkit-13-0", "13.0.3-1", "13.0.4-1")
    ]
    assert fresh.packages()["libcudnn9-cuda-13"] == "9.10.2.21-1"
    fresh.root("DEBIAN_FRONTEND=noninteractive apt-get -y -qq dist-upgrade")
    assert fresh.packages()["libcudnn9-cuda-13"] == "9.10.2.21-1"
    assert fresh.packages()["libnccl2"] == "2.28.9-1+cuda13.0"


def test_undeclared_toolkits_stay_until_their_removal_is_asked_for(fresh):
    fresh.declare(toolkits=["12.9", "13.0"])
    fresh.run("apply")
    fresh.declare(toolkits=["13.0"])
    document = fresh.json("apply")
    assert changed(document) == []
    notes = [n for o in document["hosts"][0]["operations"] for n in o["notes"]]
    assert any("left alone (remove_others): 12.9" in note for note in notes), notes

    fresh.declare(toolkits=["13.0"], remove_others=True)
    assert moves(fresh.json("apply")) == [("cuda-toolkit-12-9", "12.9.1-1", "")]
    assert not fresh.has("/usr/local/cuda-12.9")
    assert [name for name in fresh.packages() if "-12-9" in name] == []
    fresh.assert_settled()


def test_an_unmanaged_driver_of_the_archive_is_pinned_and_the_pin_goes_with_it(fresh, tmp_path):
    pin = "/etc/apt/preferences.d/00-deeprig-nvidia-driver-source"
    fresh.run("apply")
    assert not fresh.has(pin)
    deb = faults.foreign_package(tmp_path, "nvidia-smi", "535.309.01-1")
    shutil.copy(deb, fresh.served / "smi.deb")
    url = f"{fresh.state.url('nvidia')}smi.deb"
    fetch = f"import urllib.request as r; r.urlretrieve('{url}', '/root/smi.deb')"
    fresh.root(f'python3 -c "{fetch}" && dpkg -i /root/smi.deb')
    assert changed(fresh.json("apply")) == ["Rank the archive's driver above NVIDIA's"]
    policy = fresh.root("apt-cache policy nvidia-modprobe")
    assert " 400\n" in policy, policy
    assert changed(fresh.json("apply")) == []
    fresh.root("dpkg --purge nvidia-smi")
    assert changed(fresh.json("apply")) == ["Rank the archive's driver above NVIDIA's"]
    assert not fresh.has(pin)


# Checks that fail where the host is not as declared.


def test_checks_fail_on_a_host_somebody_spoiled(fresh):
    fresh.run("apply")
    fresh.root("rm /usr/local/cuda-13.0/bin/nvcc /etc/ld.so.conf.d/*cuda*; ldconfig")
    fresh.root(f"cp {SOURCE} /etc/apt/sources.list.d/old.sources")
    fresh.root("rm /etc/profile.d/deeprig-cuda.sh")
    assert set(fresh.failing_checks()) == {
        "toolkit 13.0 is there",
        "a login shell has nvcc",
        "a CUDA program compiles",
        "libcudart.so.13 is found",
        "one source of NVIDIA's repository",
    }
    fresh.root(f"rm /etc/apt/sources.list.d/old.sources {SOURCE}")
    assert "one source of NVIDIA's repository" in fresh.failing_checks()
    fresh.root("printf 'no keyring' > /etc/apt/trusted.gpg.d/test.gpg")
    assert "no old key of NVIDIA's is trusted" in fresh.failing_checks()
    fresh.root("dpkg --purge --force-depends libnccl2 libcudnn9-cuda-13 2>/dev/null; ldconfig")
    failing = set(fresh.failing_checks())
    assert {"libnccl.so.2 is found", "libcudnn.so.9 is found"} <= failing
    assert {"NCCL matches the toolkit", "cuDNN matches the toolkit"} <= failing


# On a simulated GPU machine, with a driver that deeprig installed.


def test_a_driver_too_old_for_the_toolkit_is_refused_by_either_role(gpu):
    gpu.have_driver()
    gpu.declare(gpu.from_nvidia(version=OLD), roles=("cuda",), cuda={"toolkits": ["13.0"]})
    text = told(gpu.json("apply", "--role", "cuda", code=1))
    assert f"toolkit 13.0 needs driver 580.65.06 or newer, and this host has {OLD}" in text
    assert "does not fit" in told(gpu.json("apply", code=1))
    assert gpu.installed() == OLD
    assert gpu.ssh(HOST, "dpkg-query -W cuda-toolkit-13-0").returncode != 0


def test_a_pascal_host_gets_the_newest_toolkit_that_builds_for_it(gpu):
    gpu.have_driver(variant="proprietary")
    gpu.become(sim.Machine((pci.GTX_1080_TI,)))
    gpu.declare(gpu.from_nvidia(version=OLD, variant="proprietary"), roles=("cuda",))
    document = gpu.json("apply")
    notes = [n for o in document["hosts"][0]["operations"] for n in o["notes"]]
    assert any("toolkit 12.9, and not 13.0" in note for note in notes), notes
    assert gpu.root("readlink -f /usr/local/cuda") == "/usr/local/cuda-12.9"
    # The driver role manages this host: its own file says where the driver comes from.
    assert gpu.ssh(HOST, "ls /etc/apt/preferences.d/*driver-source").returncode != 0
    assert changed(gpu.json("apply")) == []
    verified = gpu.json("verify", "--role", "cuda")
    assert verified["hosts"][0]["status"] == "passed"

    gpu.declare(
        gpu.from_nvidia(version=OLD, variant="proprietary"),
        roles=("cuda",),
        cuda={"toolkits": ["13.0"]},
    )
    text = told(gpu.json("apply", "--role", "cuda", code=1))
    assert "the Pascal GPU at" in text
    assert "declare toolkit 12.9 or older" in text
