"""Rules about disks, network and memory windows, each seen passing, warning and unknown."""

import pytest

from deeprig.audit.link_rules import firmware_above_4g, network_wired
from deeprig.audit.storage_rules import storage_archive, storage_nvme, storage_ssd
from tests.unit.audit import described_hosts as hosts
from tests.unit.audit.described_hosts import disk, nic

SYSTEM = disk("nvme0n1", 512, "nvme", holds_root=True)
HARD_DISK = disk("sda", 2000, "sata", is_rotational=True)
VIRTUAL = disk("vda", 500, "virtio", is_rotational=None, holds_root=True)
STICK = disk("sdb", 4000, "usb")


def with_disks(*disks, **changes):
    return hosts.machine_of({**hosts.workstation(), "disks": list(disks), **changes})


@pytest.mark.parametrize(
    ("disks", "ssd", "nvme", "archive"),
    [
        ([SYSTEM], "pass", "pass", "warn"),
        ([SYSTEM, HARD_DISK], "pass", "pass", "pass"),
        ([SYSTEM, disk("nvme1n1", 3840, "nvme")], "pass", "pass", "pass"),
        ([SYSTEM, disk("nvme1n1", 2000, "nvme")], "pass", "pass", "warn"),
        ([disk("sda", 256, "sata")], "pass", "warn", "warn"),
        ([disk("sda", 240, "sata"), HARD_DISK], "warn", "warn", "pass"),
        ([HARD_DISK], "warn", "warn", "pass"),
        ([STICK], "warn", "warn", "warn"),
        ([disk("mmcblk0", 256, "mmc")], "warn", "warn", "warn"),
        ([], "warn", "warn", "warn"),
        ([VIRTUAL], "unknown", "unknown", "unknown"),
        ([disk("sda", 512, None)], "pass", "unknown", "warn"),
        ([disk("sda", 0, "sata") | {"size_bytes": None}], "unknown", "warn", "unknown"),
    ],
)
def test_disks_are_graded_and_a_virtual_one_never_held_against_the_machine(
    disks, ssd, nvme, archive
):
    machine = with_disks(*disks)
    outcomes = [rule(machine).outcome for rule in (storage_ssd, storage_nvme, storage_archive)]
    assert outcomes == [ssd, nvme, archive]


def test_disks_that_could_not_be_listed_are_unknown():
    machine = with_disks(unknown=[{"what": "disks", "why": "no /sys/block"}])
    found = storage_ssd(machine)
    assert (found.outcome, found.actual) == ("unknown", "cannot be told: no /sys/block")


def test_a_laptop_has_no_bay_for_an_archive():
    assert storage_archive(hosts.machine_of(hosts.laptop())).outcome == "not applicable"


@pytest.mark.parametrize(
    ("nics", "outcome"),
    [
        ([nic("eno1", 1000)], "pass"),
        ([nic("eno1", 100), nic("ens1", 10_000)], "pass"),
        ([nic("eno1", 100)], "warn"),
        ([nic("eno1", None, has_carrier=False)], "warn"),
        ([nic("wlp2s0", 1200, is_wireless=True)], "warn"),
        ([], "warn"),
        ([nic("ens3", None)], "unknown"),
        ([nic("eno1", None, has_carrier=None)], "unknown"),
        ([nic("eno1", None, has_carrier=None), nic("ens1", 1000)], "pass"),
    ],
)
def test_a_wired_link_is_up_and_fast(nics, outcome):
    machine = hosts.machine_of({**hosts.workstation(), "nics": nics})
    assert network_wired(machine).outcome == outcome


@pytest.mark.parametrize("nics", [[], [nic("host0", None, has_carrier=False)]])
def test_a_containers_network_cards_are_not_the_machines(nics):
    document = {**hosts.workstation(), "nics": nics}
    document["system"] |= {"virtualization": "systemd-nspawn", "is_container": True}
    assert network_wired(hosts.machine_of(document)).outcome == "unknown"
    document["nics"] = [nic("eno1", 1000)]  # given to it as it is
    assert network_wired(hosts.machine_of(document)).outcome == "pass"


def test_a_virtual_card_says_why_its_speed_is_unknown():
    found = network_wired(hosts.machine_of(hosts.virtual_machine()))
    assert found.actual == "ens3: up, speed unknown: cannot be told: the kernel says -1"


@pytest.mark.parametrize(("above", "outcome"), [(True, "pass"), (False, "warn"), (None, "unknown")])
def test_several_gpus_have_their_windows_above_4_gib(above, outcome):
    document = hosts.four_cards()
    document["firmware"]["above_4g"] = above
    assert firmware_above_4g(hosts.machine_of(document)).outcome == outcome


def test_one_gpu_does_not_need_them():
    machine = hosts.machine_of(hosts.rtx_4090_workstation())
    assert firmware_above_4g(machine).outcome == "not applicable"


def test_a_reason_stands_for_all_below_its_path():
    document = hosts.workstation() | {"nics": [nic("eno1", None)]}
    document["unknown"] = [{"what": "nics.eno", "why": "no"}, {"what": "nics.eno1", "why": "gone"}]
    assert network_wired(hosts.machine_of(document)).actual.endswith("cannot be told: gone")
