"""The simulated repositories against the real apt, dpkg and compiler: they act as the facts say."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.sim.repository import api, private_apt
from tests.sim.repository.pinning import pinning_packages
from tests.sim.repository.private_apt import PrivateApt
from tests.sim.repository.versions import DRIVER_VERSIONS, UBUNTU_RELEASES

DKMS = """\
Package: dkms
Status: install ok installed
Version: 3.0.11-1ubuntu13
Architecture: all
Maintainer: none
Description: stands for the host's own
"""


@pytest.fixture(scope="session")
def repositories(tmp_path_factory) -> api.SimRepositories:
    return api.build(tmp_path_factory.mktemp("sim"))


def nvidia_source(repositories: api.SimRepositories, distribution: str) -> str:
    directory = repositories.nvidia_directory(distribution)
    return f"deb [signed-by={repositories.public_key}] file:{directory}/ /\n"


def ubuntu_sources(repositories: api.SimRepositories, codename: str) -> str:
    start = f"deb [signed-by={repositories.public_key}] file:{repositories.ubuntu}"
    pockets = (codename, f"{codename}-updates", f"{codename}-security")
    return "".join(f"{start} {pocket} main restricted\n" for pocket in pockets)


def make_apt(root: Path, sources: str) -> PrivateApt:
    apt = private_apt.make(root, sources)
    (root / "status").write_text(DKMS, encoding="ascii")
    apt.update()
    return apt


@pytest.fixture
def nvidia(repositories, tmp_path) -> PrivateApt:
    return make_apt(tmp_path, nvidia_source(repositories, "ubuntu2404"))


@pytest.fixture
def debian(repositories, tmp_path) -> PrivateApt:
    return make_apt(tmp_path, nvidia_source(repositories, "debian12"))


@pytest.fixture
def noble(repositories, tmp_path) -> PrivateApt:
    return make_apt(tmp_path, ubuntu_sources(repositories, "noble"))


def pin(apt: PrivateApt, branch: str) -> None:
    """Put in place the preferences file of a pinning package, and only that."""
    directory = apt.root / "preferences.d"
    for old in directory.iterdir():
        old.unlink()
    wanted = f"nvidia-driver-pinning-{branch}"
    packages = {package.name: package for package in pinning_packages(DRIVER_VERSIONS)}
    file = packages[wanted].files[0]
    (directory / Path(file.path).name).write_bytes(file.content)


def install(apt: PrivateApt, *names: str) -> dict[str, str]:
    changes = apt.simulate("install", *names)
    apt.install_for_good(changes)
    return changes


def is_of(changes: dict[str, str], version: str) -> bool:
    """Say whether every driver package that is installed is of a version."""
    installed = [v for v in changes.values() if v]
    return bool(installed) and all(v.startswith(f"{version}-") for v in installed)


def test_a_pinned_branch_is_installed_though_newer_ones_are_there(nvidia):
    pin(nvidia, "570")
    changes = install(nvidia, "nvidia-open")
    assert is_of(changes, "570.195.03")
    assert "nvidia-dkms-570-open" in changes
    assert "nvidia-dkms-570" not in changes


def test_a_pinned_version_is_installed_to_the_point_release(nvidia):
    pin(nvidia, "580.105.08")
    assert is_of(install(nvidia, "nvidia-open"), "580.105.08")


def test_the_pin_of_1000_permits_a_downgrade(nvidia):
    pin(nvidia, "580.159.04")
    install(nvidia, "nvidia-open")
    pin(nvidia, "580.95.05")
    changes = nvidia.simulate("dist-upgrade")
    assert changes["nvidia-driver-580-open"] == "580.95.05-0ubuntu1"


def test_without_a_pin_the_bare_name_goes_to_the_newest_branch(nvidia):
    changes = install(nvidia, "nvidia-open")
    assert is_of(changes, "610.43.02")
    assert "nvidia-driver-open" in changes


def test_the_suffix_drop_at_590_replaces_the_suffixed_set(nvidia):
    pin(nvidia, "580")
    install(nvidia, "nvidia-open")
    pin(nvidia, "590")
    changes = install(nvidia, "nvidia-open")
    assert is_of(changes, "590.48.01")
    assert changes["libnvidia-compute-580"] == ""
    assert changes["nvidia-dkms-580-open"] == ""


def test_the_suffixed_names_end_at_580(nvidia):
    nvidia.show("nvidia-open-580")
    with pytest.raises(private_apt.AptFailed, match="No packages found"):
        nvidia.show("nvidia-open-590")


def test_one_pinning_package_replaces_another(nvidia):
    install(nvidia, "nvidia-driver-pinning-570")
    assert install(nvidia, "nvidia-driver-pinning-580")["nvidia-driver-pinning-570"] == ""


def test_open_and_proprietary_exclude_each_other(nvidia):
    pin(nvidia, "580")
    install(nvidia, "nvidia-open")
    changes = install(nvidia, "cuda-drivers")
    assert changes["nvidia-dkms-580-open"] == ""
    assert changes["nvidia-dkms-580"].startswith("580.159.04")
    with pytest.raises(private_apt.AptFailed):
        nvidia.simulate("install", "cuda-drivers-580", "nvidia-open-580")


@pytest.mark.parametrize("name", ["cuda", "cuda-12-8", "cuda-13-0"])
def test_the_cuda_metapackages_pull_a_driver(nvidia, name):
    changes = nvidia.simulate("install", name)
    assert any(package.startswith("nvidia-dkms") for package in changes)


@pytest.mark.parametrize("series", ["12-6", "12-8", "12-9", "13-0", "13-2"])
def test_a_toolkit_alone_pulls_no_driver(nvidia, series):
    changes = nvidia.simulate("install", f"cuda-toolkit-{series}")
    assert f"cuda-nvcc-{series}" in changes
    assert not [name for name in changes if "nvidia" in name or "cuda-drivers" in name]


def test_nccl_is_chosen_by_its_cuda_version(nvidia):
    changes = nvidia.simulate(
        "install", "libnccl-dev=2.29.7-1+cuda12.9", "libnccl2=2.29.7-1+cuda12.9"
    )
    assert changes["libnccl2"] == "2.29.7-1+cuda12.9"


def test_the_label_is_the_one_that_nvidias_pin_of_600_names(nvidia):
    from tests.sim.repository.nvidia_repository import PIN_600

    (nvidia.root / "preferences.d" / "pin600").write_text(PIN_600, encoding="ascii")
    assert " 600\n" in nvidia.policy("nvidia-open")


def test_the_debian_repository_has_bare_names_at_every_branch(debian):
    pin(debian, "570")
    assert "nvidia-kernel-open-dkms" in install(debian, "nvidia-open")
    pin(debian, "590")
    changes = install(debian, "nvidia-open")
    assert is_of(changes, "590.48.01")
    assert "" not in changes.values()  # upgraded in place: nothing is removed


def test_debians_compute_only_set_has_no_display(debian):
    changes = install(debian, "nvidia-driver-cuda", "nvidia-kernel-open-dkms")
    assert "nvidia-driver" not in changes
    assert "nvidia-smi" in changes


@pytest.mark.parametrize("release", UBUNTU_RELEASES, ids=lambda r: r.codename)
def test_every_ubuntu_release_has_its_archive(repositories, tmp_path, release):
    apt = make_apt(tmp_path, ubuntu_sources(repositories, release.codename))
    changes = apt.simulate("install", "nvidia-driver-580-server-open")
    expected = f"580.178.04-0ubuntu0.{release.version}.1"
    assert changes["nvidia-driver-580-server-open"] == expected
    assert "o=Ubuntu" in apt.policy()


def test_a_transitional_branch_brings_its_successor(noble):
    changes = noble.simulate("install", "nvidia-driver-590-open")
    assert changes["nvidia-driver-590-open"].startswith("595.84-")
    assert changes["nvidia-driver-595-open"].startswith("595.84-")


def test_a_branch_without_proprietary_modules_leads_to_the_open_ones(noble):
    changes = noble.simulate("install", "nvidia-driver-615")
    assert changes["nvidia-driver-615-open"].startswith("615.71.09-")
    assert changes["nvidia-dkms-615-open"].startswith("615.71.09-")


def test_a_server_branch_given_up_leads_to_another_branch(noble):
    changes = noble.simulate("install", "nvidia-driver-550-server")
    assert changes["nvidia-driver-550-server"].startswith("580.178.04-")
    assert changes["nvidia-driver-580-server"].startswith("580.178.04-")


def test_desktop_and_server_flavours_exclude_each_other(noble):
    install(noble, "nvidia-headless-580-server", "nvidia-utils-580-server")
    changes = install(noble, "nvidia-driver-580")
    assert changes["nvidia-kernel-common-580-server"] == ""


def test_a_pocket_has_one_version_of_a_package(noble):
    policy = noble.policy("nvidia-driver-580")
    newest, older = policy.split("580.178.04-0ubuntu0.24.04.1 500")[1].split("580.173.02-")
    assert "noble-updates/restricted" in newest
    assert "noble-security/restricted" in older
    assert "noble-updates/restricted" not in older


def test_dpkg_deb_reads_every_kind_of_package(repositories):
    directory = repositories.nvidia_directory("ubuntu2404")
    for pattern in ("libnvidia-compute-580_*", "cuda-keyring_*", "nvidia-dkms_590*", "nvlsm_*"):
        deb = next(directory.glob(pattern))
        subprocess.run(["dpkg-deb", "--info", str(deb)], check=True, capture_output=True)
        subprocess.run(["dpkg-deb", "--contents", str(deb)], check=True, capture_output=True)


def test_a_second_build_is_the_first(repositories):
    again = api.build(repositories.nvidia.parent.parent)
    assert again == repositories
