"""Which driver a host gets: every GPU generation, source and release, and the steps between."""

from dataclasses import replace

import pytest

from roles.nvidia_driver.change import DriverChange
from roles.nvidia_driver.decision import Change, NoChange, decide
from roles.nvidia_driver.observation import PciDevice
from roles.nvidia_driver.refusal import Refusal
from roles.nvidia_driver.settings import NvidiaDriverSettings
from tests.unit.roles.nvidia_driver import hosts

#: A card of each generation, and the modules it gets.
GENERATIONS = {
    "Maxwell": ("17c2", "proprietary"),
    "Pascal": ("1b06", "proprietary"),
    "Volta": ("1db4", "proprietary"),
    "Turing": ("1e04", "open"),
    "Turing (TU116)": ("2182", "open"),
    "Ampere": ("2204", "open"),
    "Ada": ("2684", "open"),
    "Hopper": ("2331", "open"),
    "Grace Hopper": ("2342", "open"),
    "Blackwell": ("2b85", "open"),
    "Blackwell (datacenter)": ("2901", "open"),
    "younger than the table": ("3a00", "open"),
}
#: What each source and release gives them, by the name that decides.
PLACES = {
    ("ubuntu", "22.04"): {"open": "nvidia-driver-580-open", "proprietary": "nvidia-driver-580"},
    ("ubuntu", "24.04"): {"open": "nvidia-driver-580-open", "proprietary": "nvidia-driver-580"},
    ("ubuntu", "26.04"): {"open": "nvidia-driver-580-open", "proprietary": "nvidia-driver-580"},
    ("nvidia", "22.04"): {"open": "nvidia-open-580", "proprietary": "cuda-drivers-580"},
    ("nvidia", "24.04"): {"open": "nvidia-open-580", "proprietary": "cuda-drivers-580"},
    ("nvidia", "26.04"): {"open": "nvidia-open-580", "proprietary": "cuda-drivers-580"},
    ("nvidia", "12"): {"open": "nvidia-open", "proprietary": "cuda-drivers"},
    ("nvidia", "13"): {"open": "nvidia-open", "proprietary": "cuda-drivers"},
}


def settings(**values) -> NvidiaDriverSettings:
    return NvidiaDriverSettings(**values)


def host(release: str, *device_ids: str, **changes):
    make = hosts.debian if "." not in release else hosts.ubuntu
    return make(release, *device_ids, **changes)


def change(seen, update: bool = False, **values) -> Change:
    decision = decide(settings(**values), seen, update=update)
    assert isinstance(decision, Change), decision
    return decision


def no_change(seen, update: bool = False, **values) -> NoChange:
    decision = decide(settings(**values), seen, update=update)
    assert isinstance(decision, NoChange), decision
    return decision


def names(order: DriverChange) -> set[str]:
    return {p.name for p in order.install}


def driven_by(seen, **values):
    """The host after the change that these settings ask for."""
    return hosts.carried_out(seen, change(seen, **values))


@pytest.mark.parametrize(("source", "release"), PLACES)
@pytest.mark.parametrize("generation", GENERATIONS)
def test_each_generation_gets_its_driver_and_a_second_run_changes_nothing(
    generation, source, release
):
    device_id, variant = GENERATIONS[generation]
    seen = host(release, device_id)
    decision = change(seen, source=source)
    order = decision.order
    assert decision.from_version is None
    assert order.version.startswith("580.")
    assert PLACES[source, release][variant] in names(order)
    other = "proprietary" if variant == "open" else "open"
    assert PLACES[source, release][other] not in names(order)
    assert order.kernels == (seen.next_kernel,)
    assert order.remove == ()
    assert set(order.hold) <= names(order)
    again = no_change(hosts.carried_out(seen, decision), source=source)
    assert again.needs_reboot is None
    assert again.order is not None
    assert again.order.files == order.files


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("release", ["12", "13"])
def test_debians_own_driver_is_for_what_it_is_new_enough_for(generation, release):
    device_id, _ = GENERATIONS[generation]
    seen = host(release, device_id)
    decision = decide(settings(source="debian"), seen)
    if generation.startswith("Blackwell"):
        assert isinstance(decision, Refusal)
        assert decision.kind == "branch-before-gpu"
        return
    assert isinstance(decision, Change)
    is_open_only = generation in ("Grace Hopper", "younger than the table")
    module = "nvidia-open-kernel-dkms" if is_open_only else "nvidia-kernel-dkms"
    assert {"nvidia-driver", "nvidia-smi", "libcuda1", module} <= names(decision.order)
    support = "nvidia-open-kernel-support" if is_open_only else "nvidia-kernel-support"
    assert {support, "nvidia-legacy-check"} <= set(decision.order.hold)
    assert decision.order.version == hosts.DEBIAN_VERSIONS[release]
    no_change(hosts.carried_out(seen, decision), source="debian")


def test_every_package_of_a_driver_is_of_its_version():
    for source in ("ubuntu", "nvidia"):
        order = change(host("24.04", "2684"), source=source).order
        driver = [p for p in order.install if not p.name.startswith("linux-")]
        assert len(driver) >= 10
        assert all(p.version.startswith(order.version) for p in driver)


def test_ubuntu_hosts_get_the_archives_prebuilt_modules_and_no_dkms():
    order = change(host("24.04", "2684")).order
    release = hosts.RELEASES["24.04"]
    assert f"linux-modules-nvidia-580-open-{release}" in names(order)
    assert "linux-modules-nvidia-580-open-generic" in names(order)
    assert not [name for name in names(order) if "dkms" in name]
    assert not [name for name in order.hold if name.startswith("linux-")]


def test_the_metapackage_that_follows_the_installed_hwe_kernel_is_taken():
    hwe = hosts.package("linux-image-generic-hwe-24.04", "6.8.0-124.1")
    order = change(host("24.04", "2684", packages=(hwe,))).order
    assert "linux-modules-nvidia-580-open-generic-hwe-24.04" in names(order)
    assert "linux-modules-nvidia-580-open-generic" not in names(order)


def behind_the_archive():
    """A host whose kernel is not the one that the metapackages of modules now ask for."""
    seen = host("24.04", "2684")
    release = hosts.RELEASES["24.04"]
    moved_on = tuple(
        replace(c, depends=c.depends.replace(release, "6.8.0-200-generic"))
        if c.name.startswith("linux-modules-nvidia-")
        else c
        for c in seen.candidates
    )
    return replace(seen, candidates=moved_on)


def test_a_metapackage_that_would_bring_another_kernel_is_not_taken():
    order = change(behind_the_archive()).order
    assert "nvidia-dkms-580-open" in names(order)
    assert not [name for name in names(order) if name.startswith("linux-modules-")]


def test_without_a_metapackage_the_compute_set_still_gets_prebuilt_modules():
    order = change(behind_the_archive(), flavour="compute").order
    assert {n for n in names(order) if n.startswith("linux-") or "dkms" in n} == {
        f"linux-modules-nvidia-580-server-open-{hosts.RELEASES['24.04']}",
        "nvidia-headless-no-dkms-580-server-open",
    }


def test_a_version_with_prebuilt_modules_is_preferred_to_a_newer_one_without():
    seen = host("24.04", "2684")
    lagging = tuple(
        c
        for c in seen.candidates
        if not (c.name.startswith("linux-modules-nvidia-580-open") and "580.178" in c.depends)
    )
    order = change(replace(seen, candidates=lagging)).order
    assert order.version == "580.173.02"
    assert any(name.startswith("linux-modules-nvidia-") for name in names(order))


def test_without_prebuilt_modules_dkms_gets_the_headers_of_every_flavour():
    old = hosts.kernel("6.8.0-100-lowlatency", running=False, next_=False)
    seen = host("24.04", "2684", kernels=(hosts.kernel(hosts.RELEASES["24.04"]), old))
    order = change(seen, source="nvidia").order
    assert {"linux-headers-generic", "linux-headers-lowlatency"} <= names(order)
    assert set(order.kernels) == {hosts.RELEASES["24.04"], "6.8.0-100-lowlatency"}


@pytest.mark.parametrize(
    ("release", "flavour"),
    [
        ("6.1.0-44-amd64", "amd64"),
        ("6.1.0-44-cloud-amd64", "cloud-amd64"),
        ("6.1.0-44-rt-amd64", "rt-amd64"),
        ("6.8.0-1031-aws", "aws"),
        ("6.14.0-1010-oem", "oem"),
    ],
)
def test_the_headers_are_those_of_the_kernels_flavour(release, flavour):
    seen = host("12", "2204", kernels=(hosts.kernel(release),))
    assert f"linux-headers-{flavour}" in names(change(seen).order)


def test_an_older_kernel_without_headers_is_told_and_does_not_stop_the_change():
    old = hosts.kernel("6.8.0-90-generic", running=False, next_=False)
    seen = host("24.04", "2684", kernels=(old, hosts.kernel(hosts.RELEASES["24.04"])))
    decision = change(seen, source="nvidia")
    assert decision.order.kernels == (hosts.RELEASES["24.04"],)
    assert any("6.8.0-90-generic" in reason for reason in decision.reasons)


def test_mixed_old_and_new_cards_get_the_proprietary_modules():
    decision = change(host("24.04", "1b06", "2204"))
    assert "nvidia-driver-580" in names(decision.order)
    assert any("10de:1b06 at 0000:01:00.0 works with no others" in r for r in decision.reasons)


def test_mixed_new_cards_get_the_open_modules():
    assert "nvidia-driver-580-open" in names(change(host("24.04", "1e04", "2b85")).order)


def test_a_gpu_younger_than_the_table_is_told():
    decision = change(host("24.04", "3a00"))
    assert any("newer than deeprig's table" in reason for reason in decision.reasons)


def test_a_host_without_a_gpu_is_left_alone():
    decision = no_change(host("24.04"))
    assert decision.order is None


def test_compute_only_has_no_graphics_libraries():
    order = change(host("24.04", "2684"), flavour="compute").order
    assert "nvidia-headless-no-dkms-580-server-open" in names(order)
    assert "nvidia-utils-580-server" in names(order)
    assert not [name for name in names(order) if "libnvidia-gl" in name]


@pytest.mark.parametrize("flavour", ["full", "server", "compute"])
@pytest.mark.parametrize("variant", ["open", "proprietary"])
def test_each_flavour_and_variant_of_ubuntu_settles(flavour, variant):
    seen = host("24.04", "2684")
    no_change(driven_by(seen, flavour=flavour, variant=variant), flavour=flavour, variant=variant)


@pytest.mark.parametrize("release", ["24.04", "12"])
@pytest.mark.parametrize("branch", ["570", "580", "595"])
@pytest.mark.parametrize("flavour", ["full", "compute"])
def test_each_branch_of_nvidias_repository_settles(release, branch, flavour):
    values = {"source": "nvidia", "branch": branch, "flavour": flavour}
    no_change(driven_by(host(release, "2684"), **values), **values)


def test_an_exact_version_is_taken_and_kept_by_update():
    values = {"source": "nvidia", "version": "580.95.05"}
    seen = driven_by(host("24.04", "2684"), **values)
    assert seen.loaded_version == "580.95.05"
    no_change(seen, update=True, **values)


def test_apply_stays_and_update_takes_the_newest_of_the_branch():
    seen = driven_by(host("24.04", "2684"), source="nvidia", version="580.95.05")
    no_change(seen, source="nvidia", branch="580")
    decision = change(seen, update=True, source="nvidia", branch="580")
    assert (decision.from_version, decision.order.version) == ("580.95.05", "580.159.03")
    assert "nvidia-firmware-580-580.95.05" in decision.order.remove
    settled = hosts.carried_out(seen, decision)
    no_change(settled, update=True, source="nvidia", branch="580")


def test_without_a_declared_branch_update_stays_in_the_installed_one():
    seen = driven_by(host("24.04", "2684"), source="nvidia", branch="570")
    assert no_change(seen, source="nvidia", update=True).order.version == "570.195.03"


def test_update_does_not_go_back_where_the_archive_has_only_older_versions():
    seen = driven_by(host("24.04", "2684"), source="nvidia", version="580.159.03")
    fewer = tuple(c for c in seen.candidates if "580.159" not in c.version)
    decision = decide(settings(source="nvidia"), replace(seen, candidates=fewer), update=True)
    assert isinstance(decision, Refusal)
    assert decision.kind == "no-candidate"


def test_a_version_that_left_the_archive_is_still_fine():
    seen = driven_by(host("24.04", "2684"), branch="580")
    assert no_change(replace(seen, candidates=()), branch="580").order is not None


def test_a_new_branch_replaces_the_whole_set_in_one_order():
    seen = driven_by(host("24.04", "2684"), source="nvidia", branch="580")
    decision = change(seen, source="nvidia", branch="595")
    left = {p.name for p in hosts.carried_out(seen, decision).packages}
    assert not [name for name in left if "-580" in name]
    no_change(hosts.carried_out(seen, decision), source="nvidia", branch="595")


def test_going_back_a_branch_needs_the_branch_declared():
    seen = driven_by(host("24.04", "2684"), source="nvidia", branch="595")
    assert no_change(seen).order.version == "595.71.05"
    assert change(seen, branch="580").order.version == "580.159.03"


def test_changing_the_source_takes_the_daemon_of_the_old_one_away():
    seen = driven_by(host("24.04", "2684"), source="nvidia", branch="595")
    decision = change(seen, source="ubuntu", branch="580")
    assert {"nvidia-persistenced", "nvidia-open", "libnvidia-gl"} <= set(decision.order.remove)
    no_change(hosts.carried_out(seen, decision), source="ubuntu", branch="580")


def test_the_installed_source_is_kept_where_none_is_declared():
    seen = driven_by(host("24.04", "2684"), source="nvidia", branch="580")
    assert no_change(seen).reasons[1] == "from NVIDIA's repository, as the installed driver"


def test_changing_the_kind_of_modules_removes_the_other():
    seen = driven_by(host("24.04", "2684"), source="nvidia", variant="proprietary")
    decision = change(seen, source="nvidia")
    assert {"nvidia-dkms-580", "cuda-drivers-580", "nvidia-driver-580"} <= set(
        decision.order.remove
    )
    assert "libnvidia-compute-580" not in decision.order.remove


def test_libraries_of_a_foreign_architecture_move_along_or_go():
    seen = driven_by(host("24.04", "2684"), source="nvidia", version="580.95.05")
    foreign = replace(hosts.package("libnvidia-gl-580", "580.95.05-1ubuntu1"), architecture="i386")
    seen = replace(seen, packages=(*seen.packages, foreign))
    moved = change(seen, source="nvidia", update=True).order
    assert "libnvidia-gl-580:i386" in names(moved)
    gone = change(seen, source="nvidia", branch="595").order
    assert "libnvidia-gl-580:i386" in gone.remove


def test_a_kernel_without_its_module_is_a_fault_and_repaired_at_the_same_version():
    seen = driven_by(host("24.04", "2684"), source="nvidia", version="580.95.05")
    broken = replace(seen, kernels=tuple(replace(k, module=None) for k in seen.kernels))
    decision = change(broken, source="nvidia", branch="580")
    assert decision.order.version == decision.from_version == "580.95.05"
    assert "has no module" in decision.reasons[0]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"version": "570.195.03"}, "has the module of driver 570.195.03"),
        ({"is_open": False}, "has not the open module"),
    ],
)
def test_a_module_that_is_not_the_drivers_is_a_fault(fields, told):
    seen = driven_by(host("24.04", "2684"))
    kernels = tuple(replace(k, module=replace(k.module, **fields)) for k in seen.kernels)
    assert told in change(replace(seen, kernels=kernels)).reasons[0]


def test_a_half_installed_package_is_a_fault():
    seen = driven_by(host("24.04", "2684"))
    packages = tuple(
        replace(p, status="iF") if p.name.startswith("nvidia-compute") else p for p in seen.packages
    )
    reasons = change(replace(seen, packages=packages)).reasons
    assert any("half installed: nvidia-compute-utils-580" in r for r in reasons)


def test_another_driver_in_memory_needs_a_reboot_and_no_change():
    seen = hosts.carried_out(host("24.04", "2684"), change(host("24.04", "2684")), rebooted=False)
    assert no_change(seen).needs_reboot == "driver 580.178.04 is installed, loaded is none"
    mixed = replace(seen, loaded_version="570.211.01")
    assert "loaded is 570.211.01" in (no_change(mixed).needs_reboot or "")


def test_nouveau_in_memory_needs_a_reboot():
    seen = replace(driven_by(host("24.04", "2684")), is_nouveau_loaded=True)
    assert no_change(seen).needs_reboot == "nouveau is loaded"


def test_configuration_files_of_a_removed_driver_are_no_driver():
    rest = hosts.package("nvidia-driver-535", "535.183.01-0ubuntu0.24.04.1", status="rc")
    decision = change(host("24.04", "2684", packages=(rest,)))
    assert decision.from_version is None
    assert decision.order.remove == ()


def test_packages_of_other_software_are_never_touched():
    others = (
        hosts.package("nvidia-container-toolkit", "1.19.1-1"),
        hosts.package("cuda-toolkit-13-0", "13.0.3-1"),
        hosts.package("libnccl2", "2.28.9-1+cuda13.0"),
    )
    order = change(host("24.04", "2684", packages=others)).order
    touched = {*names(order), *order.remove}
    assert touched.isdisjoint(p.name for p in others)


def test_the_persistence_daemon_is_asked_for_unless_it_is_off():
    seen = host("24.04", "2684")
    watchers = ("deeprig-cooling.service", "deeprig-metrics.service")
    assert change(seen).order.services == ("nvidia-persistenced.service", *watchers)
    assert change(seen, persistence=False).order.services == watchers


def test_debians_persistence_daemon_has_a_version_of_its_own():
    order = change(host("12", "2204"), source="debian").order
    assert ("nvidia-persistenced", "535.171.04-1") in {(p.name, p.version) for p in order.install}


def test_nvswitch_software_is_of_exactly_the_drivers_version():
    seen = host("24.04", *["2330"] * 8, nvswitches=("0000:0a:00.0", "0000:0b:00.0"))
    order = change(seen, source="nvidia").order
    fabric = {p.name: p.version for p in order.install if p.name.startswith("nvidia-fabric")}
    assert fabric == {"nvidia-fabricmanager": f"{order.version}-1"}
    assert {"libnvidia-nscq", "nvidia-imex"} <= names(order)
    assert "nvidia-fabricmanager.service" in order.services
    assert "nvlsm" not in names(order)
    no_change(hosts.carried_out(seen, change(seen, source="nvidia")), source="nvidia")


def test_nvidias_older_branches_have_the_branch_in_nvswitch_names():
    seen = host("24.04", *["2330"] * 8, nvswitches=("0000:0a:00.0",))
    order = change(seen, source="nvidia", branch="570").order
    assert {"nvidia-fabricmanager-570", "libnvidia-nscq-570"} <= names(order)


def test_eight_b200_have_their_switches_behind_network_cards():
    order = change(host("24.04", *["2901"] * 8), source="nvidia").order
    assert {"nvidia-fabricmanager", "nvlsm"} <= names(order)
    assert "nvidia-fabricmanager" not in names(change(host("24.04", "2901"), source="nvidia").order)


def test_nvswitch_can_be_declared_away():
    seen = host("24.04", *["2330"] * 8, nvswitches=("0000:0a:00.0",))
    order = change(seen, source="nvidia", nvswitch="no").order
    assert not [name for name in names(order) if "fabric" in name]


def test_display_cards_of_other_classes_count_alike():
    seen = replace(host("24.04"), gpus=(PciDevice("0000:01:00.0", "2330", "030200"),))
    assert change(seen).order.version == "580.178.04"
