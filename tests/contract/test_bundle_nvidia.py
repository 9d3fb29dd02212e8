"""What of NVIDIA's goes into a bundle: what the roles would decide on the host, from real apt."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from deeprig.bundle.apt_root import AptRoot
from deeprig.bundle.asking import HostNeeds
from deeprig.bundle.nvidia_packages import nvidia_packages
from deeprig.errors import DeeprigError
from deeprig.facts import HostFacts
from roles.cuda.settings import CudaSettings
from roles.nvidia_driver.observation import Kernel, Observation, PciDevice
from roles.nvidia_driver.settings import NvidiaDriverSettings
from tests.sim.repository import api

pytestmark = pytest.mark.skipif(shutil.which("apt-get") is None, reason="there is no apt")
PROGRAMS = Path(__file__).resolve().parents[2] / "host"
#: No kernel of the machine that makes the bundle.
KERNEL = "6.8.0-31-generic"
CARD = PciDevice("0000:01:00.0", "2684", "030000")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """What a host sees that has the simulated repository of NVIDIA as a source."""
    made = api.build(tmp_path_factory.mktemp("sim"))
    line = f"deb [signed-by={made.public_key}] file:{made.nvidia_directory('ubuntu2404')}/ /\n"
    found = AptRoot(
        tmp_path_factory.mktemp("apt"), "amd64", {"etc/apt/sources.list": line.encode()}
    )
    found.update()
    return found


def host(driver=None, cuda=None, cards=(CARD,)):
    facts = HostFacts(
        *("ubuntu", "24.04", "noble", "", KERNEL, "x86_64", "", None, "none"),
        tuple((card.address, "2684") for card in cards),
    )
    settings = {"nvidia_driver": driver, "cuda": cuda}
    seen = Observation(
        distribution="ubuntu",
        release="24.04",
        architecture="amd64",
        running_kernel=KERNEL,
        next_kernel=KERNEL,
        boot_id="1",
        kernels=(Kernel(KERNEL, "generic", has_headers=True, is_running=True, is_next=True),),
        gpus=cards,
        secure_boot="disabled",
        free_bytes={"/": 10**11, "/boot": 10**10, "/usr": 10**11, "/var": 10**11},
    )
    roles = tuple(role for role, declared in settings.items() if declared is not None)
    declared = SimpleNamespace(name="rig1", role_settings=settings)
    return HostNeeds(declared, facts, (), roles, {}, b"", seen if driver is not None else None)


def ask(root, of_host):
    return nvidia_packages(root, of_host, PROGRAMS, lambda text: None, update=False)


def test_the_driver_that_the_role_will_choose_is_asked_for_by_version(root):
    words = ask(root, host(NvidiaDriverSettings(source="nvidia", branch="580")))
    versions = {word.partition("=")[2].partition("-")[0] for word in words if "nvidia" in word}
    assert len(words) >= 2
    assert all(word.partition("=")[2] for word in words)
    assert any(version.startswith("580.") for version in versions)


def test_toolkits_come_whole_whatever_this_machine_has(root):
    words = ask(root, host(cuda=CudaSettings(toolkits=("12.8",), cudnn=False, nccl=False)))
    (toolkit,) = words
    assert toolkit.startswith("cuda-toolkit-12-8=")


def test_a_host_without_a_card_gets_no_driver(root):
    assert ask(root, host(NvidiaDriverSettings(source="nvidia"), cards=())) == ()


def test_what_the_roles_refuse_is_refused_while_there_is_still_a_network(root):
    with pytest.raises(DeeprigError, match="no driver") as caught:
        ask(root, host(NvidiaDriverSettings(source="nvidia", branch="999")))
    assert caught.value.problems[0].place == "rig1: nvidia_driver"
    with pytest.raises(DeeprigError) as caught:
        ask(root, host(cuda=CudaSettings(toolkits=("99.9",))))
    assert caught.value.problems[0].place == "rig1: cuda"
