"""The tables: versions, GPUs by PCI id, branches, names, CUDA floors."""

import itertools

import pytest

from roles.nvidia_driver.branches import BRANCHES, RECOMMENDED, branch_row, end_of_life_note
from roles.nvidia_driver.cuda_floors import MAJORS, TOOLKIT_DRIVERS, cuda_major, paired_driver
from roles.nvidia_driver.frameworks import TORCH_BUILDS, TORCH_RELEASES
from roles.nvidia_driver.gpus import CHIPS, chips_of
from roles.nvidia_driver.installed import suffix_of, variant_of
from roles.nvidia_driver.naming import NAMINGS, is_driver_package, naming_for
from roles.nvidia_driver.versions import driver_version, is_at_least, sort_key, upstream


@pytest.mark.parametrize(
    ("version", "driver"),
    [
        ("580.126.20-1ubuntu1", "580.126.20"),
        ("580.142-0ubuntu0.24.04.1", "580.142"),
        ("1:535.309.01-1~deb12u1", "535.309.01"),
        ("550.163.01-2", "550.163.01"),
        ("550.163.01+really535-1", "550.163.01"),
        ("6.8.0-124.124+1", None),
        ("20220217+3~deb12u1", None),
        ("2026.02.11-1", None),
        ("1.19.1-1", None),
        ("0.8.16-0ubuntu1", None),
        ("580", None),
    ],
)
def test_the_driver_version_is_read_from_a_debian_version(version, driver):
    assert driver_version(version) == driver


def test_driver_versions_are_compared_by_number():
    assert is_at_least("580.126.09", "580.95.05")
    assert not is_at_least("570.195.03", "580.65.06")
    assert upstream("2:1.0-3-4") == "1.0-3"
    with pytest.raises(ValueError, match="no driver version"):
        sort_key("580.x")


@pytest.mark.parametrize(
    ("device_id", "generation", "capability"),
    [
        ("118e", "Kepler", (3, 0)),  # GTX 760 (OEM)
        ("1381", "Maxwell", (5, 0)),  # GTX 750
        ("17c2", "Maxwell", (5, 2)),  # GTX TITAN X
        ("15f8", "Pascal", (6, 0)),  # P100
        ("1b06", "Pascal", (6, 1)),  # GTX 1080 Ti
        ("1db4", "Volta", (7, 0)),  # V100
        ("1eb8", "Turing", (7, 5)),  # T4
        ("1f15", "Turing", (7, 5)),  # RTX 2060 Mobile
        ("2182", "Turing", (7, 5)),  # GTX 1660 Ti: an id between two of Ampere
        ("20b2", "Ampere", (8, 0)),  # A100 SXM4
        ("2204", "Ampere", (8, 6)),  # RTX 3090
        ("25a2", "Ampere", (8, 6)),  # RTX 3050 Mobile
        ("2684", "Ada", (8, 9)),  # RTX 4090
        ("28e0", "Ada", (8, 9)),  # RTX 4060 Mobile
        ("2330", "Hopper", (9, 0)),  # H100 SXM5
        ("2335", "Hopper", (9, 0)),  # H200
        ("2342", "Grace Hopper", (9, 0)),  # GH200
        ("2901", "Blackwell", (10, 0)),  # B200
        ("3182", "Blackwell", (10, 3)),  # B300
        ("2b85", "Blackwell", (12, 0)),  # RTX 5090
        ("2c18", "Blackwell", (12, 0)),  # RTX 5090 Mobile's chip
        ("2d04", "Blackwell", (12, 0)),  # RTX 5060 Ti
        ("2f04", "Blackwell", (12, 0)),  # RTX 5070
        ("2e12", "Blackwell", (12, 1)),  # GB10
    ],
)
def test_a_pci_id_tells_generation_and_compute_capability(device_id, generation, capability):
    row = chips_of(device_id)
    assert (row.generation, row.compute_capability, row.is_known) == (generation, capability, True)


def test_an_unknown_id_is_taken_for_a_newer_gpu_with_open_modules():
    row = chips_of("3a00")
    assert not row.is_known
    assert row.variants == ("open",)


def test_an_id_before_kepler_has_no_branch_of_today():
    row = chips_of("0611")
    assert not row.is_known
    assert row.last_branch == 390


def test_the_runs_of_ids_do_not_overlap_and_are_in_order():
    for before, after in itertools.pairwise(CHIPS):
        assert before.first_id <= before.last_id < after.first_id


def test_the_modules_of_each_generation_are_nvidias():
    by_generation = {row.generation: row.variants for row in CHIPS}
    assert by_generation == {
        "Kepler": ("proprietary",),
        "Maxwell": ("proprietary",),
        "Pascal": ("proprietary",),
        "Volta": ("proprietary",),
        "Turing": ("open", "proprietary"),
        "Ampere": ("open", "proprietary"),
        "Ada": ("open", "proprietary"),
        "Hopper": ("open", "proprietary"),
        "Grace Hopper": ("open",),
        "Blackwell": ("open",),
    }


def test_580_is_the_last_branch_of_maxwell_pascal_and_volta():
    last = {row.generation: row.last_branch for row in CHIPS if row.last_branch}
    assert last == {"Kepler": 470, "Maxwell": 580, "Pascal": 580, "Volta": 580}


def test_every_row_of_every_table_has_a_source():
    tables = (CHIPS, BRANCHES, MAJORS, TOOLKIT_DRIVERS, TORCH_RELEASES, TORCH_BUILDS)
    assert all(row.source for table in tables for row in table)
    assert all(row.reference for row in NAMINGS)


def test_the_recommended_branch_drives_every_generation_from_maxwell_on():
    for row in CHIPS:
        if row.generation != "Kepler":
            assert row.first_branch <= RECOMMENDED <= (row.last_branch or RECOMMENDED)
    assert "2028-08" in (end_of_life_note(RECOMMENDED) or "")
    assert branch_row(999) is None
    assert end_of_life_note(590) is None


#: What each row of the naming table must come to, for one branch of it.
NAMES = [
    (("ubuntu", "ubuntu", "full", "open", 580), "nvidia-driver-580-open", "nvidia-dkms-580-open"),
    (("ubuntu", "ubuntu", "full", "proprietary", 595), "nvidia-driver-595", "nvidia-dkms-595"),
    (
        ("ubuntu", "ubuntu", "server", "open", 580),
        "nvidia-driver-580-server-open",
        "nvidia-dkms-580-server-open",
    ),
    (
        ("ubuntu", "ubuntu", "server", "proprietary", 570),
        "nvidia-driver-570-server",
        "nvidia-dkms-570-server",
    ),
    (
        ("ubuntu", "ubuntu", "compute", "open", 580),
        "nvidia-headless-580-server-open nvidia-utils-580-server",
        "nvidia-dkms-580-server-open",
    ),
    (
        ("ubuntu", "ubuntu", "compute", "proprietary", 580),
        "nvidia-headless-580-server nvidia-utils-580-server",
        "nvidia-dkms-580-server",
    ),
    (("nvidia", "ubuntu", "full", "open", 580), "nvidia-open-580", "nvidia-dkms-580-open"),
    (("nvidia", "ubuntu", "full", "proprietary", 575), "cuda-drivers-575", "nvidia-dkms-575"),
    (("nvidia", "ubuntu", "full", "open", 590), "nvidia-open", "nvidia-dkms-open"),
    (("nvidia", "ubuntu", "full", "proprietary", 610), "cuda-drivers", "nvidia-dkms"),
    (
        ("nvidia", "ubuntu", "compute", "open", 570),
        "libnvidia-compute-570 nvidia-compute-utils-570 nvidia-utils-570",
        "nvidia-dkms-570-open",
    ),
    (
        ("nvidia", "ubuntu", "compute", "proprietary", 580),
        "libnvidia-compute-580 nvidia-compute-utils-580 nvidia-utils-580",
        "nvidia-dkms-580",
    ),
    (
        ("nvidia", "ubuntu", "compute", "open", 595),
        "libnvidia-compute nvidia-compute-utils nvidia-utils",
        "nvidia-dkms-open",
    ),
    (
        ("nvidia", "ubuntu", "compute", "proprietary", 590),
        "libnvidia-compute nvidia-compute-utils nvidia-utils",
        "nvidia-dkms",
    ),
    (("nvidia", "debian", "full", "open", 580), "nvidia-open", "nvidia-kernel-open-dkms"),
    (("nvidia", "debian", "full", "proprietary", 595), "cuda-drivers", "nvidia-kernel-dkms"),
    (("nvidia", "debian", "compute", "open", 580), "nvidia-driver-cuda", "nvidia-kernel-open-dkms"),
    (
        ("nvidia", "debian", "compute", "proprietary", 570),
        "nvidia-driver-cuda",
        "nvidia-kernel-dkms",
    ),
    (
        ("debian", "debian", "full", "open", 550),
        "nvidia-driver nvidia-smi libcuda1",
        "nvidia-open-kernel-dkms",
    ),
    (
        ("debian", "debian", "full", "proprietary", 535),
        "nvidia-driver nvidia-smi libcuda1",
        "nvidia-kernel-dkms",
    ),
]


@pytest.mark.parametrize(("key", "roots", "module"), NAMES, ids=lambda v: "-".join(map(str, v)))
def test_a_source_names_its_packages(key, roots, module):
    row = naming_for(*key)
    assert row is not None
    assert " ".join(row.roots) == roots
    assert row.module == module


def test_every_row_of_the_naming_table_is_exercised():
    met = {
        (r.source, r.distribution, r.flavour, r.variant, r.first_branch)
        for r in NAMINGS
        for key, _, _ in NAMES
        if key[:4] == (r.source, r.distribution, r.flavour, r.variant) and r.holds(key[4])
    }
    assert len(met) == len(NAMINGS) == len(NAMES)


def test_the_ubuntu_archive_alone_has_prebuilt_modules():
    assert {row.source for row in NAMINGS if row.prebuilt} == {"ubuntu"}
    compute = naming_for("ubuntu", "ubuntu", "compute", "open", 580)
    assert compute is not None
    assert compute.prebuilt == "linux-modules-nvidia-580-server-open"
    assert compute.prebuilt_roots == (
        "nvidia-headless-no-dkms-580-server-open",
        "nvidia-utils-580-server",
    )


def test_nobody_has_a_server_flavour_for_debian():
    assert naming_for("debian", "debian", "server", "open", 550) is None
    assert naming_for("ubuntu", "debian", "full", "open", 580) is None


@pytest.mark.parametrize(
    "name",
    [
        "nvidia-driver-580-open",
        "libnvidia-compute-580",
        "linux-modules-nvidia-580-open-6.8.0-124-generic",
        "linux-objects-nvidia-580-6.8.0-124-generic",
        "cuda-drivers",
        "libcuda1",
        "libglx-nvidia0",
        "firmware-nvidia-gsp",
        "xserver-xorg-video-nvidia-580",
        "nvidia-fabricmanager",
        "nvidia-driver-pinning-580",
    ],
)
def test_names_of_the_driver_are_known(name):
    assert is_driver_package(name)


@pytest.mark.parametrize(
    "name",
    [
        "nvidia-container-toolkit",
        "libnvidia-container1",
        "nvidia-cuda-toolkit",
        "nvidia-docker2",
        "nvidia-cudnn",
        "nvidia-fs-dkms",
        "linux-modules-nvidia-fs-6.8.0-124-generic",
        "cuda-toolkit-13-0",
        "libcudart12",
        "linux-image-generic",
        "linux-headers-nvidia-hwe-24.04",
    ],
)
def test_names_of_other_software_are_left_alone(name):
    assert not is_driver_package(name)


@pytest.mark.parametrize(
    ("name", "branch", "is_server", "variant"),
    [
        ("nvidia-driver-580-server-open", 580, True, "open"),
        ("nvidia-dkms-580", 580, False, "proprietary"),
        ("nvidia-dkms-open", None, False, "open"),
        ("libnvidia-compute-580-server", 580, True, None),
        ("nvidia-firmware-580-580.126.20", 580, False, None),
        ("nvidia-firmware-580-server-580.173.02", 580, True, None),
        ("linux-modules-nvidia-570-server-6.8.0-1-generic", 570, True, "proprietary"),
        ("nvidia-kernel-open-dkms", None, False, "open"),
        ("nvidia-open-kernel-dkms", None, False, "open"),
        ("cuda-drivers-570", 570, False, "proprietary"),
        ("nvidia-settings", None, False, None),
    ],
)
def test_a_name_tells_branch_flavour_and_kind_of_modules(name, branch, is_server, variant):
    suffix = suffix_of(name)
    assert (suffix.branch, suffix.is_server) == (branch, is_server)
    assert variant_of(name, "ubuntu") == variant


def test_debians_nvidia_driver_is_for_both_kinds_of_modules():
    assert variant_of("nvidia-driver", "debian") is None
    assert variant_of("nvidia-driver", "ubuntu") == "proprietary"


def test_cuda_floors_are_nvidias():
    assert [(row.major, row.floor) for row in MAJORS] == [
        (11, "450.80.02"),
        (12, "525.60.13"),
        (13, "580.65.06"),
    ]
    assert cuda_major(10) is None
    paired = paired_driver("13.0.3")
    assert paired is not None
    assert paired.driver == "580.65.06"
    assert paired_driver("14.0") is None
