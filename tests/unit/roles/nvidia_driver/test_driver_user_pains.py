"""What users of such tools suffer (facts, user-pains.md, rows 1 to 18), as far as a decision can
answer it. Rows 10, 11 and 14 are the host program's and the sources'."""

import re
from dataclasses import replace

from roles.nvidia_driver.decision import Change, NoChange, decide
from roles.nvidia_driver.files import MODPROBE, UNATTENDED
from roles.nvidia_driver.observation import Holder
from roles.nvidia_driver.refusal import Refusal
from roles.nvidia_driver.settings import NvidiaDriverSettings
from tests.unit.roles.nvidia_driver import hosts


def decided(seen, update=False, **values):
    return decide(NvidiaDriverSettings(**values), seen, update=update)


def ordered(seen, update=False, **values) -> Change:
    found = decided(seen, update, **values)
    assert isinstance(found, Change), found
    return found


def with_driver(**values):
    seen = hosts.ubuntu("24.04", "2684")
    return hosts.carried_out(seen, ordered(seen, **values))


def content(change: Change, path: str) -> str:
    return next(f.content or "" for f in change.order.files if f.path == path)


def test_row_1_the_whole_driver_is_held_and_on_the_list_of_unattended_upgrades():
    order = ordered(hosts.ubuntu("24.04", "2684"), source="nvidia").order
    driver = {p.name for p in order.install if not p.name.startswith("linux-headers")}
    assert set(order.hold) == driver
    assert '"libnvidia-' in content(ordered(hosts.ubuntu("24.04", "2684")), UNATTENDED)


def test_row_1_a_lifted_hold_is_seen_and_set_again():
    seen = with_driver()
    loose = replace(seen, packages=tuple(replace(p, is_held=False) for p in seen.packages))
    found = ordered(loose)
    assert found.order.version == found.from_version
    assert found.reasons[0].startswith("not held: libnvidia-compute-580")
    assert isinstance(decided(hosts.carried_out(loose, found)), NoChange)


def test_row_1_holds_that_are_no_longer_wanted_are_lifted():
    found = ordered(with_driver(), hold=False)
    assert found.order.hold == ()
    assert isinstance(decided(hosts.carried_out(with_driver(), found), hold=False), NoChange)


def test_row_1_an_upgraded_library_beside_the_old_driver_is_repaired():
    seen = with_driver(source="nvidia", version="580.95.05")
    newer = tuple(
        replace(p, version="580.126.20-1ubuntu1") if p.name == "nvidia-utils-580" else p
        for p in seen.packages
    )
    found = ordered(replace(seen, packages=newer), source="nvidia", branch="580")
    assert "in the way of driver 580.95.05: nvidia-utils-580" in found.reasons
    assert ("nvidia-utils-580", "580.95.05-1ubuntu1") in {
        (p.name, p.version) for p in found.order.install
    }


def test_row_2_the_next_kernel_counts_not_only_the_running_one():
    running = hosts.kernel("6.8.0-100-generic", headers=True, next_=False)
    upcoming = hosts.kernel(hosts.RELEASES["24.04"], running=False)
    seen = hosts.ubuntu("24.04", "2684", kernels=(running, upcoming))
    assert upcoming.release in ordered(seen, source="nvidia").order.kernels
    driven = hosts.carried_out(seen, ordered(seen, source="nvidia"))
    new = replace(upcoming, release="6.8.0-130-generic", module=None)
    moved = replace(driven, kernels=(replace(driven.kernels[0]), new))
    found = decided(moved, source="nvidia")
    assert isinstance(found, Refusal)  # apt has no headers for it, and it would boot without
    assert found.kind == "no-headers"
    repaired = ordered(
        replace(moved, kernels=(moved.kernels[0], replace(new, has_headers=True))), source="nvidia"
    )
    assert "kernel 6.8.0-130-generic, which boots next, has no module" in repaired.reasons


def test_row_3_prebuilt_modules_need_no_build():
    names = {p.name for p in ordered(hosts.ubuntu("24.04", "2684")).order.install}
    assert not [name for name in names if "dkms" in name]


def test_row_4_a_branch_change_is_one_complete_set():
    order = ordered(with_driver(branch="570"), branch="580").order
    assert "nvidia-driver-570-open" in order.remove
    assert "nvidia-driver-580-open" in {p.name for p in order.install}
    assert all(p.version for p in order.install)


def test_row_5_our_own_holds_do_not_stop_our_own_change():
    assert all(p.is_held for p in with_driver().packages if p.name.startswith("libnvidia"))
    assert isinstance(decided(with_driver(branch="570"), branch="580"), Change)


def test_row_6_a_reboot_is_needed_only_when_another_driver_is_loaded():
    seen = with_driver()
    settled = decided(seen)
    assert isinstance(settled, NoChange)
    assert settled.needs_reboot is None
    other = decided(replace(seen, loaded_version="570.211.01"))
    assert isinstance(other, NoChange)
    assert other.needs_reboot == "driver 580.178.04 is installed, loaded is 570.211.01"


def test_row_7_who_uses_the_gpus_is_named_and_the_drivers_own_daemons_are_not():
    work = Holder(4242, "ada", "python train.py", 3 * 3600 + 120, "/dev/nvidia0", "box")
    daemon = Holder(7, "root", "/usr/bin/nvidia-persistenced --user nvp", 9, "/dev/nvidiactl")
    seen = replace(with_driver(branch="570"), holders=(work, daemon))
    assert ordered(seen, branch="580").notes == (
        "in use: /dev/nvidia0 by python train.py (pid 4242, user ada, since 3 h 2 min) "
        "in container box",
    )


def test_row_8_secure_boot_is_looked_at_before_anything_changes():
    seen = hosts.ubuntu("24.04", "2684", secure_boot="enabled")
    found = decided(seen, source="nvidia")
    assert isinstance(found, Refusal)
    assert found.kind == "secure-boot"


def test_row_9_nouveau_is_blacklisted():
    text = content(ordered(hosts.ubuntu("24.04", "2684")), MODPROBE)
    assert "blacklist nouveau\noptions nouveau modeset=0" in text


def test_row_12_no_cuda_metapackage_is_ever_ordered():
    for seen in (hosts.ubuntu("24.04", "2684"), hosts.debian("13", "2684")):
        names = {p.name for p in ordered(seen, source="nvidia").order.install}
        assert not [n for n in names if re.match(r"cuda(-\d|$|-toolkit|-runtime)", n)]


def test_row_13_a_vanished_package_is_told_with_what_there_is():
    found = decided(hosts.ubuntu("24.04", "2684"), branch="560")
    assert isinstance(found, Refusal)
    assert "offered: 580.178.04 (nvidia-driver-580-open)" in found.evidence


def test_row_15_blackwell_gets_the_open_modules_by_its_pci_id():
    for source in ("ubuntu", "nvidia"):
        order = ordered(hosts.ubuntu("24.04", "2b85"), source=source).order
        names = {p.name for p in order.install}
        assert "nvidia-driver-580-open" in names
        assert "nvidia-driver-580" not in names


def test_row_16_an_update_never_orphans_a_card():
    found = decided(hosts.ubuntu("24.04", "1db4"), branch="590")
    assert isinstance(found, Refusal)
    assert "Volta GPU 10de:1db4" in found.evidence[0]
    assert "580" in found.remedy


def test_row_17_the_variant_is_always_explicit():
    order = ordered(hosts.ubuntu("24.04", "17c2")).order
    assert "nvidia-driver-580" in {p.name for p in order.install}
    found = decided(hosts.ubuntu("24.04", "17c2"), variant="open")
    assert isinstance(found, Refusal)
    assert found.kind == "variant-impossible"


def test_row_18_a_fabric_manager_of_another_version_is_a_fault():
    seen = hosts.ubuntu("24.04", *["2330"] * 8, nvswitches=("0000:0a:00.0",))
    driven = hosts.carried_out(seen, ordered(seen, source="nvidia"))
    drifted = tuple(
        replace(p, version="580.126.20-1") if p.name == "nvidia-fabricmanager" else p
        for p in driven.packages
    )
    found = ordered(replace(driven, packages=drifted), source="nvidia")
    assert any("fabric manager is not of exactly 580.159.03" in r for r in found.reasons)
    assert found.order.version == "580.159.03"


def test_row_18_without_switches_there_is_no_fabric_manager():
    names = {p.name for p in ordered(hosts.ubuntu("24.04", "2330"), source="nvidia").order.install}
    assert not [name for name in names if "fabric" in name or "nscq" in name]
