"""Every refusal: when, what it says, and that the same host without the obstacle is not refused."""

from dataclasses import replace
from typing import get_args

import pytest

from roles.nvidia_driver.decision import Change, NoChange, decide
from roles.nvidia_driver.observation import Candidate, KernelModule, OpenTransaction, SigningKey
from roles.nvidia_driver.refusal import Kind, Refusal
from roles.nvidia_driver.settings import NvidiaDriverSettings
from tests.unit.roles.nvidia_driver import hosts


def decision(seen, update=False, **values):
    return decide(NvidiaDriverSettings(**values), seen, update=update)


def refusal(seen, update=False, **values) -> Refusal:
    found = decision(seen, update, **values)
    assert isinstance(found, Refusal), found
    assert found.reason
    assert found.evidence
    assert found.remedy
    return found


def interrupted():
    half = hosts.package("nvidia-dkms-580-open", "580.173.02-0ubuntu0.24.04.1", status="iF")
    return hosts.ubuntu("24.04", "2684", packages=(half,), is_dpkg_interrupted=True)


def held_by_somebody():
    seen = hosts.carried_out(
        hosts.ubuntu("24.04", "2684"),
        decision(hosts.ubuntu("24.04", "2684"), branch="570", hold=False),
    )
    packages = tuple(
        replace(p, is_held=True) if p.name == "nvidia-driver-570-open" else p for p in seen.packages
    )
    return replace(seen, packages=packages)


def secure_boot(state="enabled", key=None, release="24.04"):
    make = hosts.ubuntu if "." in release else hosts.debian
    return make(release, "2684", secure_boot=state, signing_key=key)


def without_headers():
    seen = hosts.debian("12", "2204")
    rest = tuple(c for c in seen.candidates if not c.name.startswith("linux-headers"))
    return replace(seen, candidates=rest)


def without_fabric_manager():
    seen = hosts.ubuntu("24.04", *["2330"] * 8, nvswitches=("0000:0a:00.0",))
    rest = tuple(c for c in seen.candidates if "fabricmanager" not in c.name)
    return replace(seen, candidates=rest)


def with_a_run_file():
    seen = hosts.ubuntu("24.04", "2684")
    path = "/lib/modules/6.8.0-124-generic/kernel/drivers/video/nvidia.ko"
    module = KernelModule("550.90.07", path, False, None, "prebuilt")
    return replace(seen, kernels=tuple(replace(k, module=module) for k in seen.kernels))


NO_SOURCE = hosts.ubuntu("24.04", "2684", sources=())
CASES = {
    "dpkg-interrupted": (interrupted(), {}),
    "foreign-hold": (held_by_somebody(), {"branch": "580"}),
    "not-packaged": (with_a_run_file(), {}),
    "gpus-contradict": (hosts.ubuntu("24.04", "1b06", "2b85"), {}),
    "variant-impossible": (hosts.ubuntu("24.04", "2b85"), {"variant": "proprietary"}),
    "branch-drops-gpu": (hosts.ubuntu("24.04", "1b06", "2204"), {"branch": "595"}),
    "branch-before-gpu": (hosts.ubuntu("24.04", "2b85"), {"branch": "550"}),
    "no-such-packages": (hosts.debian("12", "2204"), {"source": "ubuntu"}),
    "source-missing": (NO_SOURCE, {}),
    "no-candidate": (hosts.ubuntu("24.04", "2684"), {"branch": "585"}),
    "no-fabric-manager": (without_fabric_manager(), {}),
    "no-headers": (without_headers(), {}),
    "secure-boot": (secure_boot(), {"source": "nvidia"}),
    "disk-full": (hosts.ubuntu("24.04", "2684", free_bytes={"/": 10**9, "/boot": 10**9}), {}),
}


@pytest.mark.parametrize("kind", CASES)
def test_a_refusal_has_reason_evidence_and_remedy(kind):
    seen, values = CASES[kind]
    found = refusal(seen, **values)
    assert found.kind == kind
    lines = found.text().splitlines()
    assert lines[0] == found.reason
    assert found.remedy.splitlines()[0] in lines


def test_every_kind_of_refusal_has_a_case():
    assert set(CASES) == set(get_args(Kind))


def test_an_orphaned_card_is_named_with_the_highest_branch_that_drives_all():
    found = refusal(hosts.ubuntu("24.04", "1b06", "2204"), branch="595")
    assert "Pascal GPU 10de:1b06 at 0000:01:00.0" in found.text()
    assert "0000:02:00.0" not in found.text()
    assert "Set branch to 580" in found.remedy


def test_an_installed_branch_that_does_not_drive_the_card_is_refused_not_silently_left():
    fitting = hosts.ubuntu("24.04", "2684")
    seen = hosts.carried_out(fitting, decision(fitting, source="nvidia", branch="595"))
    pascal = replace(seen, gpus=(hosts.gpu("1b06"),))
    found = refusal(pascal)
    assert found.kind == "branch-drops-gpu"
    assert isinstance(decision(pascal, branch="580"), Change)


def test_kepler_and_blackwell_have_no_driver_together():
    found = refusal(hosts.ubuntu("24.04", "118e", "2684"))
    assert found.kind == "gpus-contradict"
    assert "no driver branch drives all GPUs" in found.reason


def test_a_transitional_name_is_followed_to_its_version():
    seen = hosts.ubuntu("24.04", "2684")
    new = "595.84-0ubuntu0.24.04.1"
    empty = Candidate(
        "nvidia-driver-590-open", new, "Ubuntu", "Ubuntu", "", "nvidia-driver-595-open"
    )
    found = refusal(replace(seen, candidates=(empty, *seen.candidates)), branch="590")
    assert f"nvidia-driver-590-open is {new} and only leads to nvidia-driver-595-open" in (
        found.text()
    )
    assert "offered: 595.84 (nvidia-driver-595-open)" in found.evidence
    assert "offered: 580.178.04 (nvidia-driver-580-open)" in found.evidence


def test_a_proprietary_name_that_leads_to_the_open_modules_is_not_taken():
    seen = hosts.ubuntu("24.04", "2684")
    version = "615.71.09-0ubuntu0.24.04.1"
    empty = Candidate(
        "nvidia-driver-615", version, "Ubuntu", "Ubuntu", "", "nvidia-driver-615-open"
    )
    found = refusal(
        replace(seen, candidates=(empty, *seen.candidates)), branch="615", variant="proprietary"
    )
    assert "only leads to nvidia-driver-615-open" in found.text()


def test_a_vanished_version_is_refused_with_what_there_is():
    found = refusal(hosts.ubuntu("24.04", "2684"), source="nvidia", version="580.82.07")
    assert "has no driver 580.82.07" in found.reason
    assert "offered: 580.159.03 (nvidia-open-580)" in found.evidence


def test_a_source_that_apt_does_not_know_is_told_with_what_it_knows():
    found = refusal(hosts.ubuntu("24.04", "2684", sources=("ubuntu",)), source="nvidia")
    assert found.kind == "source-missing"
    assert "apt knows packages of: Ubuntu" in found.text()


def test_prebuilt_modules_are_signed_and_pass_secure_boot():
    found = decision(secure_boot())
    assert isinstance(found, Change)
    assert found.order.must_be_signed


@pytest.mark.parametrize("is_enrolled", [False, None])
def test_a_key_that_is_not_known_to_be_enrolled_is_refused(is_enrolled):
    key = SigningKey("/var/lib/shim-signed/mok/MOK.der", is_enrolled)
    found = refusal(secure_boot(key=key), source="nvidia")
    assert found.kind == "secure-boot"
    assert "mokutil --import /var/lib/shim-signed/mok/MOK.der" in found.remedy
    assert "Enroll MOK" in found.remedy
    assert "set source to ubuntu" in found.remedy
    assert "new-key" not in found.remedy


def test_an_enrolled_key_lets_dkms_through_and_signatures_are_demanded():
    key = SigningKey("/var/lib/dkms/mok.pub", True)
    found = decision(secure_boot(key=key, release="12"))
    assert isinstance(found, Change)
    assert found.order.must_be_signed


def test_without_a_key_the_remedy_makes_one():
    assert "update-secureboot-policy --new-key" in refusal(secure_boot(), source="nvidia").remedy
    on_debian = refusal(secure_boot(release="12")).remedy
    assert "openssl req" in on_debian
    assert "mokutil --import /var/lib/dkms/mok.pub" in on_debian
    assert "source to ubuntu" not in on_debian


def test_unknown_secure_boot_is_not_taken_for_off():
    found = refusal(secure_boot("unknown"), source="nvidia")
    assert "nobody can tell" in found.reason
    assert "set secure_boot to off" in found.remedy
    assert isinstance(decision(secure_boot("unknown"), source="nvidia", secure_boot="off"), Change)


@pytest.mark.parametrize("state", ["disabled", "unsupported"])
def test_no_secure_boot_needs_no_key(state):
    found = decision(secure_boot(state), source="nvidia")
    assert isinstance(found, Change)
    assert not found.order.must_be_signed


def test_secure_boot_can_be_declared():
    assert refusal(secure_boot("disabled"), source="nvidia", secure_boot="on").kind == "secure-boot"


def test_an_unsigned_module_under_secure_boot_is_replaced_by_a_prebuilt_one():
    before = hosts.ubuntu("24.04", "2684", sources=("nvidia", "ubuntu"))
    dkms = replace(
        before,
        candidates=tuple(
            c for c in before.candidates if not c.name.startswith("linux-modules-nvidia")
        ),
    )
    seen = hosts.carried_out(dkms, decision(dkms))
    assert any(p.name == "nvidia-dkms-580-open" for p in seen.packages)
    kernels = tuple(replace(k, module=replace(k.module, signer=None)) for k in seen.kernels)
    seen = replace(seen, kernels=kernels, secure_boot="enabled", candidates=before.candidates)
    found = decision(seen)
    assert isinstance(found, Change)
    assert "nvidia-dkms-580-open" in found.order.remove
    assert "unsigned module, and Secure Boot is on" in found.reasons[0]
    assert isinstance(decision(hosts.carried_out(seen, found)), NoChange)


def test_our_own_holds_do_not_block_us():
    before = hosts.ubuntu("24.04", "2684")
    seen = hosts.carried_out(before, decision(before, branch="570"))
    assert all(p.is_held for p in seen.packages if p.name.startswith("nvidia-driver"))
    assert isinstance(decision(seen, branch="580"), Change)


def test_a_foreign_hold_names_the_package_and_how_to_lift_it():
    found = refusal(held_by_somebody(), branch="580")
    assert "held: nvidia-driver-570-open" in found.text()
    assert "apt-mark unhold nvidia-driver-570-open" in found.remedy


def test_a_hold_does_not_matter_where_no_version_moves():
    found = decision(held_by_somebody(), branch="570")
    assert isinstance(found, Change)
    assert found.reasons[0].startswith("not held: ")


def test_a_driver_without_packages_is_named_with_its_module():
    found = refusal(with_a_run_file())
    assert "drivers/video/nvidia.ko 550.90.07" in found.text()
    assert "nvidia-uninstall" in found.remedy


def test_a_driver_still_loaded_after_its_removal_is_no_such_driver():
    seen = hosts.ubuntu("24.04", "2684", loaded_version="570.211.01")
    assert isinstance(decision(seen), Change)


def test_an_interruption_of_our_own_is_left_to_the_repair():
    ours = OpenTransaction("1", "swapping", "580.178.04", "", "", "a")
    assert isinstance(decision(replace(interrupted(), transaction=ours)), Change)


def test_a_small_boot_partition_is_refused_with_figures():
    seen = hosts.ubuntu("24.04", "2684", free_bytes={"/": 50 * hosts.GIB, "/boot": 50_000_000})
    assert "/boot: 0.0 GiB free, 0.1 GiB needed" in refusal(seen).evidence


def test_a_full_disk_does_not_matter_where_nothing_is_to_do():
    before = hosts.ubuntu("24.04", "2684")
    seen = hosts.carried_out(before, decision(before))
    assert isinstance(decision(replace(seen, free_bytes={"/": 0})), NoChange)


def test_ubuntus_server_flavour_is_not_in_nvidias_repository():
    before = hosts.ubuntu("24.04", "2684")
    seen = hosts.carried_out(before, decision(before, source="nvidia"))
    found = refusal(seen, flavour="server")
    assert found.kind == "no-such-packages"
    assert "source ubuntu" in found.text()
