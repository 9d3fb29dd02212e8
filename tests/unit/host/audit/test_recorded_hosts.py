"""Every field of the recorded hosts. What they say is described in recorded_hosts.py."""

import pytest

GIB = 1024**3
UUID = "GPU-00000000-0000-0000-0000-000000001000"


def by(entries, key, value):
    """Return the one entry with this value."""
    (found,) = [entry for entry in entries if entry[key] == value]
    return found


def test_one_rtx_4090_with_all_that_is_around_it(bench):
    facts = bench.host("rtx4090").collect()
    assert facts["system"] == {
        "vendor": "ASUS",
        "product": None,
        "chassis": "desktop",
        "virtualization": "none",
        "is_container": False,
    }
    assert facts["firmware"] == {
        "vendor": "American Megatrends Inc.",
        "version": "1654",
        "date": "09/01/2023",
        "boot": "uefi",
        "secure_boot": False,
        "above_4g": True,
        "resizable_bar": True,
        "iommu": False,
    }
    assert facts["cpu"] == {
        "model": "AMD Ryzen 9 7950X 16-Core Processor",
        "sockets": 1,
        "cores": 16,
        "threads": 32,
        "numa_nodes": 1,
        "max_mhz": 5880,
        "flags": ("avx", "avx2", "avx512f", "fma"),
    }
    slot = {"size_bytes": 32 * GIB, "type": "DDR5", "speed_mts": 5200}
    assert facts["memory"] == {
        "total_bytes": (64 * 1024**2 - 900000) * 1024,
        "slots": ({"locator": "DIMM_A2", **slot}, {"locator": "DIMM_B2", **slot}),
        "has_ecc": False,
    }
    assert facts["gpus"] == [
        {
            "address": "0000:01:00.0",
            "vendor": "10de",
            "device": "2684",
            "name": "NVIDIA GeForce RTX 4090",
            "memory_bytes": 24564 * 1024**2,
            "compute_capability": "8.9",
            "power_limit_watts": 450,
            "power_max_watts": 600,
            "temperature_celsius": 38,
            "slowdown_celsius": 95,
            "is_slowed_by_heat": False,
            "fan_count": 2,
            "uuid": UUID,
            "driver": "nvidia",
            "source": "nvml",
            "nvlink_count": 0,
        }
    ]
    assert facts["nvswitch_count"] == 0
    assert [entry["what"] for entry in facts["unknown"]] == [
        "system.product",
        "nics.wlp4s0.speed_mbits",
    ]


def test_devices_of_the_rtx_4090_host(bench):
    facts = bench.host("rtx4090").collect()
    assert [entry["address"] for entry in facts["pci"]] == [
        "0000:00:01.1",
        "0000:01:00.0",
        "0000:02:00.0",
        "0000:03:00.0",
        "0000:04:00.0",
    ]
    assert facts["pci"][1] == {
        "address": "0000:01:00.0",
        "vendor": "10de",
        "device": "2684",
        "class": "030000",
        "subsystem": "1043:889d",
        "driver": "nvidia",
        "numa_node": 0,
        "slot": "1",
        "parents": ("0000:00:01.1",),
        "link": {"width": 16, "max_width": 16, "speed_gts": 2.5, "max_speed_gts": 16.0},
    }
    bridge = facts["pci"][0]
    assert (bridge["subsystem"], bridge["numa_node"], bridge["slot"]) == (None, None, None)
    assert facts["disks"] == [
        {
            "name": "nvme0n1",
            "size_bytes": 2000 * 1000**3,
            "model": "Samsung SSD 990 PRO 2TB",
            "transport": "nvme",
            "is_rotational": False,
            "holds_root": True,
        }
    ]
    wired = {
        "name": "enp3s0",
        "driver": "igc",
        "mac": "02:00:00:00:00:01",
        "is_wireless": False,
        "has_carrier": True,
        "speed_mbits": 2500,
        "pci": "0000:03:00.0",
    }
    wireless = {
        "name": "wlp4s0",
        "driver": "mt7921e",
        "is_wireless": True,
        "has_carrier": False,
        "speed_mbits": None,
        "pci": "0000:04:00.0",
    }
    assert facts["nics"] == [wired, wired | wireless]
    assert facts["sensors"] == [
        {"chip": "k10temp", "label": "Tctl", "kind": "temperature", "value": 45.25},
        {"chip": "nct6798", "label": "fan2", "kind": "fan", "value": 1104},
        {"chip": "nct6798", "label": "power1", "kind": "power", "value": 31},
    ]
    assert (facts["power"], facts["thermal"]) == ({"supplies": ()}, [])


def test_four_adjacent_cards_before_a_driver_are_told_by_the_bus(bench):
    facts = bench.host("four_open_air").collect()
    assert [gpu["address"] for gpu in facts["gpus"]] == [f"0000:4{n}:00.0" for n in (1, 2, 3, 4)]
    for gpu in facts["gpus"]:
        assert (gpu["source"], gpu["driver"]) == ("pci", "nouveau")
        assert gpu["name"] == "GA102 [GeForce RTX 3090]"
        assert gpu["memory_bytes"] is None
        why = by(facts["unknown"], "what", f"gpus.{gpu['address']}.memory_bytes")["why"]
        assert why == "no NVIDIA driver is loaded"
    cards = [by(facts["pci"], "address", gpu["address"]) for gpu in facts["gpus"]]
    assert [card["slot"] for card in cards] == ["1", "2", "3", "4"]
    assert {(card["link"]["width"], card["link"]["max_width"]) for card in cards} == {(8, 16)}
    # 256 MiB windows below 4 GiB of cards that could open 32 GiB.
    assert (facts["firmware"]["above_4g"], facts["firmware"]["resizable_bar"]) == (False, False)
    # / is LVM on an encrypted partition of the one disk.
    assert [(d["name"], d["holds_root"]) for d in facts["disks"]] == [("nvme0n1", True)]


def test_eight_h100_with_nvswitches(bench):
    facts = bench.host("h100x8").collect()
    assert (len(facts["gpus"]), facts["nvswitch_count"]) == (8, 4)
    first = facts["gpus"][0]
    assert (first["name"], first["nvlink_count"]) == ("NVIDIA H100 80GB HBM3", 18)
    assert first["fan_count"] is None
    why = by(facts["unknown"], "what", f"gpus.{first['address']}.fan_count")["why"]
    assert why == "nvmlDeviceGetNumFans: Not Supported"
    on_bus = [by(facts["pci"], "address", gpu["address"]) for gpu in facts["gpus"]]
    assert [device["numa_node"] for device in on_bus] == [0, 0, 0, 0, 1, 1, 1, 1]
    assert on_bus[0]["parents"] == ("0000:17:01.0", "0000:15:01.0")
    assert (facts["firmware"]["above_4g"], facts["firmware"]["resizable_bar"]) == (True, True)
    assert facts["firmware"]["iommu"] is True
    cpu = facts["cpu"]
    assert (cpu["sockets"], cpu["cores"], cpu["threads"], cpu["numa_nodes"]) == (2, 112, 224, 2)
    assert cpu["flags"] == ("avx", "avx2", "avx512f", "amx_tile", "fma")
    assert facts["memory"]["has_ecc"] is True
    assert sum(slot["size_bytes"] for slot in facts["memory"]["slots"]) == 2048 * GIB
    assert facts["system"]["chassis"] == "server"


def test_an_old_card_in_an_old_machine(bench):
    facts = bench.host("gtx1080ti").collect()
    (gpu,) = facts["gpus"]
    assert (gpu["compute_capability"], gpu["memory_bytes"]) == ("6.1", 11 * GIB)
    firmware = facts["firmware"]
    assert (firmware["boot"], firmware["secure_boot"]) == ("bios", False)
    assert (firmware["above_4g"], firmware["resizable_bar"]) == (False, False)
    assert facts["system"]["vendor"] is None  # "To Be Filled By O.E.M."
    (disk,) = facts["disks"]
    assert (disk["transport"], disk["is_rotational"], disk["holds_root"]) == ("sata", True, True)
    assert facts["memory"]["slots"][0]["type"] == "DDR3"


def test_a_laptop_gpu_without_a_settable_limit(bench):
    facts = bench.host("laptop").collect()
    (gpu,) = facts["gpus"]  # the processor's own graphics is none of NVIDIA's
    assert (gpu["power_limit_watts"], gpu["power_max_watts"]) == (None, 115)
    assert facts["system"]["chassis"] == "laptop"
    assert facts["firmware"]["secure_boot"] is True
    supplies = [(s["name"], s["type"], s["watts"]) for s in facts["power"]["supplies"]]
    assert supplies == [
        ("ADP0", "Mains", None),
        ("BAT0", "Battery", pytest.approx(15.48)),
        ("BAT1", "Battery", 12.5),
    ]
    assert facts["thermal"] == [
        {"zone": "thermal_zone0", "type": "x86_pkg_temp", "celsius": 61},
        {"zone": "thermal_zone10", "type": "acpitz", "celsius": 27.8},
    ]
    (nic,) = facts["nics"]
    assert (nic["driver"], nic["pci"], nic["speed_mbits"]) == ("r8152", None, 1000)


def test_no_gpu(bench):
    facts = bench.host("no_gpu").collect()
    assert (facts["gpus"], facts["nvswitch_count"]) == ([], 0)
    assert facts["firmware"]["above_4g"] is None
    assert by(facts["unknown"], "what", "firmware.above_4g")["why"] == "no GPU"
    found = [(d["name"], d["is_rotational"], d["holds_root"]) for d in facts["disks"]]
    assert found == [("sda", False, True), ("sdb", True, False)]
    assert facts["memory"]["slots"][1] == {
        "locator": "DIMM2",
        "size_bytes": 0,
        "type": None,
        "speed_mts": None,
    }


def test_a_virtual_machine_does_not_say_what_it_cannot_know(bench):
    facts = bench.host("qemu_vm").collect()
    assert facts["system"]["virtualization"] == "qemu"
    assert facts["memory"]["has_ecc"] is None  # its table says multi-bit ECC
    assert facts["disks"][0]["is_rotational"] is None  # its sysfs says 1
    assert facts["cpu"]["max_mhz"] is None
    (nic,) = facts["nics"]
    assert (nic["pci"], nic["speed_mbits"]) == ("0000:00:02.0", None)
    assert facts["pci"][0]["link"] is None


def test_the_virtual_machine_that_was_really_recorded(bench):
    facts = bench.host("this_vm").collect()
    # /.dockerenv is there: the image was a container's, and PID 1 is the kernel's own.
    assert facts["system"]["virtualization"] == "kvm"
    assert facts["system"]["is_container"] is False
    assert facts["firmware"]["boot"] is None
    assert (facts["cpu"]["model"], facts["cpu"]["threads"]) == ("AMD EPYC", 2)
    assert facts["memory"]["total_bytes"] == 24684084 * 1024
    assert [device["device"] for device in facts["pci"]] == [
        *("0d57", "1045", "1042", "1041", "1053", "1044")
    ]
    assert facts["disks"] == [
        {
            "name": "vda",
            "size_bytes": 256 * GIB,
            "model": None,
            "transport": "virtio",
            "is_rotational": None,
            "holds_root": True,
        }
    ]
    (nic,) = facts["nics"]
    assert (nic["driver"], nic["pci"], nic["has_carrier"]) == ("virtio_net", "0000:00:03.0", True)


def test_zones_are_told_in_the_order_of_their_numbers(bench):
    bench.host("laptop").put("/sys/class/thermal/thermal_zone2/type", "acpitz\n")
    bench.put("/sys/class/thermal/thermal_zone2/temp", "30000\n")
    zones = [zone["zone"] for zone in bench.collect()["thermal"]]
    assert zones == ["thermal_zone0", "thermal_zone2", "thermal_zone10"]


def test_an_average_counts_only_where_nothing_is_read_directly(bench):
    bench.host("rtx4090").put("/sys/class/hwmon/hwmon1/power1_average", "99000000\n")
    bench.put("/sys/class/hwmon/hwmon1/power2_average", "12000000\n")
    powers = [s["value"] for s in bench.collect()["sensors"] if s["kind"] == "power"]
    assert powers == [31, 12]
