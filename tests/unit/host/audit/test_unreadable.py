"""What cannot be read is null with the kernel's reason; nothing else is lost or guessed."""

import errno

import pytest

_GPU = "/sys/devices/pci0000:00/0000:00:01.1/0000:01:00.0"
_EFIVARS = "/sys/firmware/efi/efivars"
_SECURE_BOOT = f"{_EFIVARS}/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
_DMI = "/sys/class/dmi/id"


@pytest.mark.parametrize(
    ("path", "code", "what", "reason"),
    [
        ("/sys/firmware/dmi/tables/DMI", errno.EACCES, "memory.slots", "Permission denied"),
        ("/sys/firmware/dmi/tables/DMI", errno.EACCES, "memory.has_ecc", "Permission denied"),
        ("/sys/class/net/enp3s0/speed", errno.EINVAL, "nics.enp3s0.speed_mbits", "Invalid arg"),
        ("/sys/class/net/enp3s0/carrier", errno.EINVAL, "nics.enp3s0.has_carrier", "Invalid arg"),
        ("/sys/class/net/enp3s0/address", errno.EIO, "nics.enp3s0.mac", "Input/output error"),
        (f"{_DMI}/sys_vendor", errno.EACCES, "system.vendor", "Permission denied"),
        (f"{_DMI}/bios_date", errno.EACCES, "firmware.date", "Permission denied"),
        (_SECURE_BOOT, errno.EACCES, "firmware.secure_boot", "Permission denied"),
        (_EFIVARS, errno.EACCES, "firmware.secure_boot", "Permission denied"),
        ("/proc/meminfo", errno.EACCES, "memory.total_bytes", "Permission denied"),
        ("/proc/cpuinfo", errno.EACCES, "cpu.threads", "Permission denied"),
        ("/sys/block/nvme0n1/device/model", errno.ENODEV, "disks.nvme0n1.model", "No such device"),
        ("/sys/bus/pci/devices", errno.EACCES, "pci", "Permission denied"),
    ],
)
def test_a_file_that_cannot_be_read_is_null_with_the_reason(path, code, what, reason, bench):
    bench.host("rtx4090")
    assert bench.why(what) == []
    bench.refuse(path, code)
    assert any(reason in why for why in bench.why(what)), bench.collect()["unknown"]


@pytest.mark.parametrize("code", [errno.EACCES, errno.EINVAL])
def test_where_no_file_can_be_read_all_is_null_and_told(bench, monkeypatch, code):
    def refuse(path):
        raise OSError(code, "refused")

    bench.host("rtx4090")
    monkeypatch.setattr("pathlib.Path.read_bytes", refuse)
    facts = bench.collect()
    assert facts["memory"] == {"total_bytes": None, "slots": None, "has_ecc": None}
    assert (facts["pci"], facts["gpus"], facts["disks"]) == ([], [], [])
    told = [entry["what"] for entry in facts["unknown"]]
    assert {"memory.slots", "pci.0000:01:00.0", "disks.nvme0n1", "cpu.threads"} <= set(told)


def test_no_dmi_at_all_is_no_bios(bench):
    bench.host("gtx1080ti").path("/sys/class/dmi/id").unlink()
    facts = bench.collect()
    assert facts["firmware"]["boot"] is None
    assert facts["firmware"]["secure_boot"] is None
    assert facts["system"]["chassis"] is None
    assert "neither /sys/firmware/efi nor SMBIOS" in bench.why("firmware.boot")[0]


def test_a_zone_and_a_sensor_that_are_off_cost_no_other(bench):
    bench.host("laptop").put("/sys/class/hwmon/hwmon0/name", "nvme\n")
    bench.put("/sys/class/hwmon/hwmon0/temp1_input", "40850\n")
    bench.put("/sys/class/hwmon/hwmon0/temp2_input", "1\n")
    bench.refuse("/sys/class/thermal/thermal_zone0/temp", errno.ENODATA)
    bench.refuse("/sys/class/hwmon/hwmon0/temp2_input", errno.EAGAIN)
    facts = bench.collect()
    assert [zone["celsius"] for zone in facts["thermal"]] == [None, 27.8]
    assert [sensor["label"] for sensor in facts["sensors"]] == ["temp1"]
    assert "No data available" in bench.why("thermal.thermal_zone0.celsius")[0]
    assert "temporarily unavailable" in bench.why("sensors.nvme.temp2")[0]


def test_texts_that_are_no_numbers_are_told_as_they_are(bench):
    bench.host("rtx4090").put("/sys/class/net/enp3s0/speed", "fast\n")
    bench.put("/proc/meminfo", "nothing\n")
    assert bench.why("nics.enp3s0.speed_mbits") == [
        "/sys/class/net/enp3s0/speed says 'fast', which is no number"
    ]
    assert bench.why("memory.total_bytes") == ["/proc/meminfo has no MemTotal"]


@pytest.mark.parametrize("text", ["-1", "4294967295", "0"])
def test_the_kernels_words_for_an_unknown_speed_are_no_speed(text, bench):
    bench.host("rtx4090").put("/sys/class/net/enp3s0/speed", text)
    assert bench.collect()["nics"][0]["speed_mbits"] is None
    assert "the kernel's word for unknown" in bench.why("nics.enp3s0.speed_mbits")[0]


@pytest.mark.parametrize("width", ["0", "63", "255"])
def test_a_width_that_no_link_has_is_no_width(width, bench):
    bench.host("rtx4090").put(f"{_GPU}/current_link_width", width)
    bench.put(f"{_GPU}/current_link_speed", "Unknown\n")
    link = bench.collect()["pci"][1]["link"]
    assert link == {"width": None, "max_width": 16, "speed_gts": None, "max_speed_gts": 16.0}


def test_windows_that_nobody_has_placed_say_nothing_about_4_gib(bench):
    bench.host("rtx4090").put(f"{_GPU}/resource", "0x0 0xfff 0x14220c\nrubbish\n")
    firmware = bench.collect()["firmware"]
    assert (firmware["above_4g"], firmware["resizable_bar"]) == (None, None)
    assert "no GPU has a 64-bit prefetchable window" in bench.why("firmware.above_4g")[0]


def test_without_a_driver_the_largest_size_that_a_card_offers_decides(bench):
    bench.host("rtx4090").path("/proc/driver/nvidia/version").unlink()
    assert bench.collect()["firmware"]["resizable_bar"] is None
    for mask, is_resized in (("000000000000ffc0", True), ("000000000001ffc0", False)):
        bench.put(f"{_GPU}/resource1_resize", mask)
        assert bench.collect()["firmware"]["resizable_bar"] is is_resized
    bench.put(f"{_GPU}/resource1_resize", "rubbish")
    assert bench.collect()["firmware"]["resizable_bar"] is None


def test_a_zone_or_a_supply_of_no_known_kind_is_left_out_and_told(bench):
    bench.host("laptop")
    bench.refuse("/sys/class/thermal/thermal_zone0/type", errno.EIO)
    bench.refuse("/sys/class/power_supply/BAT0/type", errno.EIO)
    facts = bench.collect()
    assert [zone["zone"] for zone in facts["thermal"]] == ["thermal_zone10"]
    assert [supply["name"] for supply in facts["power"]["supplies"]] == ["ADP0", "BAT1"]
    assert "Input/output error" in bench.why("thermal.thermal_zone0")[0]
    assert "Input/output error" in bench.why("power.supplies.BAT0")[0]


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("/sys/bus/pci/devices", "pci"),
        ("/sys/bus/pci/devices", "gpus"),
        ("/sys/block", "disks"),
        ("/sys/class/net", "nics"),
        ("/sys/class/iommu", "firmware.iommu"),
        ("/sys/bus/pci/devices/0000:01:00.0/class", "gpus"),
    ],
)
@pytest.mark.parametrize("code", [errno.EACCES, errno.ENOENT])
def test_a_list_that_cannot_be_had_is_not_an_empty_list(path, what, code, bench):
    bench.host("rtx4090")
    assert bench.why(what) == []
    bench.refuse(path, code)
    assert bench.why(what), bench.collect()["unknown"]
    assert bench.collect()["firmware"]["iommu"] is (None if "iommu" in path else False)
