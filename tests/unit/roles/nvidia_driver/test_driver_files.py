"""The files of a driver change, and what apt and unattended-upgrades make of them."""

import fnmatch
import re

import pytest

from roles.nvidia_driver.files import (
    DRIVER_GLOBS,
    MODPROBE,
    PREFERENCES,
    UNATTENDED,
    UNATTENDED_PATTERNS,
    managed_files,
    modprobe_text,
    preferences_text,
    unattended_text,
)
from roles.nvidia_driver.naming import NAMINGS, is_driver_package
from roles.nvidia_driver.settings import NvidiaDriverSettings
from tests.unit.roles.nvidia_driver import hosts


def test_nouveau_is_kept_away_and_options_are_set():
    settings = NvidiaDriverSettings(
        module_options={
            "NVreg_PreserveVideoMemoryAllocations": 1,
            "NVreg_DynamicPowerManagement": 2,
        }
    )
    assert modprobe_text(settings).splitlines()[1:] == [
        "blacklist nouveau",
        "options nouveau modeset=0",
        "options nvidia NVreg_DynamicPowerManagement=2 NVreg_PreserveVideoMemoryAllocations=1",
    ]
    assert "options nvidia" not in modprobe_text(NvidiaDriverSettings())


def test_nvidias_repository_is_held_at_the_exact_version():
    text = preferences_text("nvidia", "580.126.20")
    assert "Pin: version 580.126.20-*\nPin-Priority: 1001" in text


@pytest.mark.parametrize("source", ["ubuntu", "debian"])
def test_beside_an_archive_nvidias_repository_comes_second(source):
    text = preferences_text(source, "580.173.02")
    assert "Pin: release l=NVIDIA CUDA\nPin-Priority: 400" in text


def test_our_preferences_come_before_those_of_nvidias_keyring():
    ours = PREFERENCES.rpartition("/")[2]
    assert ours < "cuda-repository-pin-600"
    assert re.fullmatch(r"[A-Za-z0-9_.-]+", ours)  # else apt ignores it (apt_preferences(5))
    assert "." not in ours


def test_every_root_and_module_of_the_naming_table_is_pinned():
    names = {
        n.format(b=580)
        for row in NAMINGS
        for n in (*row.roots, *row.prebuilt_roots, row.module, f"{row.prebuilt or 'nvidia-open'}-x")
    }
    loose = [n for n in names if not any(fnmatch.fnmatch(n, glob) for glob in DRIVER_GLOBS)]
    assert loose == []


def test_every_package_of_an_order_is_pinned():
    for seen in (hosts.ubuntu("24.04", "2684"), hosts.debian("12", "2204")):
        driver = {c.name for c in seen.candidates if is_driver_package(c.name)}
        driver = {n for n in driver if not n.startswith(("nvlsm", "nvidia-driver-pinning"))}
        loose = [n for n in driver if not any(fnmatch.fnmatch(n, glob) for glob in DRIVER_GLOBS)]
        assert loose == []


@pytest.mark.parametrize(
    ("name", "is_kept_back"),
    [
        ("nvidia-driver-580-open", True),
        ("libnvidia-compute-580", True),
        ("libcuda1", True),
        ("cuda-drivers", True),
        ("xserver-xorg-video-nvidia-580", True),
        ("nvidia-container-toolkit", False),
        ("libnvidia-container1", False),
        ("nvidia-cuda-toolkit", False),
        ("linux-modules-nvidia-580-open-generic", False),
        ("linux-image-generic", False),
        ("openssl", False),
    ],
)
def test_unattended_upgrades_leaves_the_driver_alone_and_nothing_else(name, is_kept_back):
    assert any(re.match(p, name) for p in UNATTENDED_PATTERNS) is is_kept_back


def test_the_list_for_unattended_upgrades_is_apt_configuration():
    lines = unattended_text().splitlines()
    assert lines[1] == "Unattended-Upgrade::Package-Blacklist {"
    assert lines[-1] == "};"
    assert all(re.fullmatch(r'    "[^"]+";', line) for line in lines[2:-1])


def test_without_holds_the_list_is_taken_away():
    on = {f.path: f for f in managed_files(NvidiaDriverSettings(), "ubuntu", "580.173.02")}
    off = {f.path: f for f in managed_files(NvidiaDriverSettings(hold=False), "ubuntu", "1")}
    assert set(on) == {MODPROBE, UNATTENDED, PREFERENCES}
    assert on[UNATTENDED].content is not None
    assert off[UNATTENDED].content is None
