"""What the cuda role decides: packages, refusals, and what its checks make of output."""

import pytest
from pydantic import ValidationError
from pyinfra.api.exceptions import FactProcessError

from roles.cuda import check, evidence
from roles.cuda.facts import (
    AptCuda,
    AptSimulation,
    CudaAlternative,
    CudaPackages,
    Offer,
    parse_policy,
)
from roles.cuda.packages import is_driver, is_metapackage
from roles.cuda.resolution import Unresolved, resolve, undeclared
from roles.cuda.settings import CudaSettings

CUDNN = ("9.20.0.48-1", "9.10.2.21-1")
NCCL = ("2.29.7-1+cuda13.2", "2.29.7-1+cuda12.9", "2.28.9-1+cuda13.0")


def seen(**installed):
    offers = {
        "cuda-toolkit-12-6": Offer("12.6.3-1", ("12.6.3-1",)),
        "cuda-toolkit-13-0": Offer("13.0.3-1", ("13.0.3-1", "13.0.2-1")),
        **{
            f"libcudnn9{d}-cuda-{m}": Offer(CUDNN[0], CUDNN) for d in ("", "-dev") for m in (12, 13)
        },
        "libnccl2": Offer(NCCL[0], NCCL),
        "libnccl-dev": Offer(NCCL[0], NCCL),
    }
    names = {name.replace("_", "-"): version for name, version in installed.items()}
    return CudaPackages(names, ("cuda-toolkit-12-6", "cuda-toolkit-13-0"), offers)


def test_a_fresh_host_gets_the_toolkit_and_what_matches_it():
    words = resolve(CudaSettings(), seen(), update=False).words
    assert words == (
        "cuda-toolkit-13-0=13.0.3-1",
        "libcudnn9-dev-cuda-13=9.20.0.48-1",
        "libcudnn9-cuda-13=9.20.0.48-1",
        "libnccl-dev=2.28.9-1+cuda13.0",
        "libnccl2=2.28.9-1+cuda13.0",
    )


def test_what_is_installed_and_fits_stays_until_an_update_is_asked_for():
    there = seen(
        cuda_toolkit_13_0="13.0.2-1",
        libcudnn9_cuda_13=CUDNN[1],
        libcudnn9_dev_cuda_13=CUDNN[1],
        libnccl2=NCCL[2],
        libnccl_dev=NCCL[2],
    )
    assert resolve(CudaSettings(), there, update=False).words == ()
    moves = resolve(CudaSettings(), there, update=True).moves
    assert ("cuda-toolkit-13-0", "13.0.2-1", "13.0.3-1") in moves


def test_nccl_that_nobody_built_for_the_toolkit_is_refused_with_the_alternatives():
    with pytest.raises(Unresolved, match=r"2\.29\.7-1\+cuda12\.9: set nccl_version"):
        resolve(CudaSettings(toolkits=("12.6",)), seen(), update=False)


def test_a_toolkit_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(Unresolved, match=r"has the toolkits 12\.6, 13\.0"):
        resolve(CudaSettings(toolkits=("12.1",)), seen(), update=False)


def test_others_are_removed_only_where_asked():
    parts = (
        "cuda-cudart-12-6",
        "cuda-nvcc-12-6",
        "cuda-toolkit-12-6",
        "cuda-toolkit-12-6-config-common",
        "libcublas-dev-12-6",
    )
    stay = {"cuda-nvcc-13-0": "1", "libcudnn9-cuda-12": "9", "cuda-toolkit-12-config-common": "1"}
    there = CudaPackages(dict.fromkeys(parts, "1") | stay, (), seen().offers)
    assert resolve(CudaSettings(), there, update=False).remove == []
    settings = CudaSettings(remove_others=True)
    assert undeclared(settings, there) == ("12.6",)
    found = resolve(settings, there, update=False)
    assert found.remove == list(parts)
    assert ("cuda-toolkit-12-6", "1", "") in found.moves


def test_a_toolkit_of_which_only_the_compiler_is_left_is_removed_too():
    there = seen(cuda_nvcc_12_4="12.4.131-1", cuda_cudart_12_4="12.4.127-1")
    found = resolve(CudaSettings(remove_others=True), there, update=False)
    assert found.remove == ["cuda-cudart-12-4", "cuda-nvcc-12-4"]


def test_debians_toolkit_must_be_the_declared():
    offers = {"nvidia-cuda-toolkit": Offer("11.8.89~11.8.0-5~deb12u1", ("11.8.89",))}
    there = CudaPackages({}, (), offers)
    assert resolve(CudaSettings(source="debian", toolkits=("11.8",)), there, update=False).words
    with pytest.raises(Unresolved, match=r"declared 12\.4"):
        resolve(CudaSettings(source="debian", toolkits=("12.4",)), there, update=False)


@pytest.mark.parametrize("name", ["cuda", "cuda-13-0", "cuda-runtime-12-6", "cuda=13.0.3-1"])
def test_metapackages_are_known(name):
    assert is_metapackage(name)
    assert "take it out" in check.metapackages_declared((name,))
    assert not is_metapackage("cuda-toolkit-13-0")


def test_driver_packages_are_known():
    assert all(map(is_driver, ("nvidia-open", "libnvidia-compute-580", "cuda-drivers-580")))
    assert not any(map(is_driver, ("nvidia-cuda-toolkit", "libnvidia-container1", "libnccl2")))


def test_a_transaction_that_touches_the_driver_is_refused():
    lines = ["@@deeprig:good", "Inst nvidia-open (595.71.05-1ubuntu1 NVIDIA CUDA [amd64])"]
    assert "nvidia-open 595.71.05" in check.touches_driver(AptSimulation().process(lines))
    harmless = ["@@deeprig:good", "Inst libnccl2 [2.28] (2.29.7-1+cuda13.2 NVIDIA CUDA [amd64])"]
    assert check.touches_driver(AptSimulation().process(harmless)) is None


def test_drivers_and_gpus_too_old_are_refused():
    assert "580.65.06" in check.driver_too_old(CudaSettings(), "570.195.03")
    assert check.driver_too_old(CudaSettings(), "580.126.20") is None
    assert check.driver_too_old(CudaSettings(), "") is None
    assert "Pascal" in check.gpus_too_old(CudaSettings(), (("0000:01:00.0", "0x1b06"),))
    assert check.gpus_too_old(CudaSettings(), (("0000:01:00.0", "0x2684"),)) is None


def test_a_directory_in_the_way_of_the_link_is_refused():
    lines = ["@@deeprig:link", "@@deeprig:none", "@@deeprig:query"]
    assert check.no_room_for_link(CudaAlternative().process(lines)) is not None


def test_policy_output_is_read():
    text = """\
libnccl2:
  Installed: 2.28.9-1+cuda13.0
  Candidate: 2.29.7-1+cuda13.2
  Version table:
     2.29.7-1+cuda13.2 600
        600 http://10.0.0.1/nvidia/debian12/x86_64  Packages
 *** 2.28.9-1+cuda13.0 100
        100 /var/lib/dpkg/status
"""
    assert parse_policy(text.splitlines()) == {
        "libnccl2": Offer("2.29.7-1+cuda13.2", ("2.29.7-1+cuda13.2",))
    }


def test_checks_fail_where_versions_are_others():
    line = "Cuda compilation tools, release 13.0, V13.0.88"
    assert evidence.nvcc_is("13.0", 0, line) == (True, line)
    assert not evidence.nvcc_is("12.6", 0, line)[0]
    assert not evidence.nvcc_is("13.0", 127, "not found")[0]
    assert not evidence.nccl_matches(CudaSettings(), NCCL[0])
    assert evidence.nccl_matches(CudaSettings(), NCCL[2])
    assert not evidence.cudnn_matches(CudaSettings(), None)
    assert evidence.line_of("libnccl.so.2", "\tlibnccl.so.20 (x) => /a\n") is None


@pytest.mark.parametrize(
    "values",
    [
        {"toolkits": ("12.6",), "default": "13.0"},
        {"toolkits": ("cuda",)},
        {"source": "debian", "cudnn": True},
        {"nccl_version": "2.29.7-1+cuda12.9"},
    ],
)
def test_settings_that_contradict_themselves_are_refused(values):
    with pytest.raises(ValidationError):
        CudaSettings(**values)


def test_sources_that_apt_cannot_read_hide_nothing_that_is_installed():
    conflict = "E: Conflicting values set for option Signed-By regarding source http://x/ /"
    lines = ["@@deeprig:installed", "cuda 13.2.2-1 installed", "@@deeprig:problem", conflict]
    there = AptCuda().process(lines)
    assert check.metapackages_installed(there.installed) is not None
    with pytest.raises(Unresolved, match="Conflicting values"):
        resolve(CudaSettings(), there, update=False)


def test_an_answer_without_its_sections_is_a_surprise():
    with pytest.raises(FactProcessError):
        AptCuda().process(["@@deeprig:installed", "cuda 13.2.2-1 installed"])


def test_debians_toolkit_may_bring_libraries_of_its_driver_and_change_none():
    # apt-get -s install nvidia-cuda-toolkit on Debian 12, some of its lines.
    new = "Inst libcuda1 (535.309.01-0+deb12u1 Debian:12.12/oldstable [amd64])"
    newer = "Inst libnvidia-ml1 [535.183.01-1] (535.309.01-0+deb12u1 Debian:12 [amd64])"
    added = AptSimulation().process(["@@deeprig:good", new])
    assert check.touches_driver(added, may_add=True) is None
    assert "libcuda1" in check.touches_driver(added)
    both = AptSimulation().process(["@@deeprig:good", new, newer])
    told = check.touches_driver(both, may_add=True)
    assert "libnvidia-ml1" in told
    assert "libcuda1" not in told
    removal = AptSimulation().process(["@@deeprig:good", "Remv libcuda1 [535.183.01-1]"])
    assert "remove libcuda1" in check.touches_driver(removal, may_add=True)
