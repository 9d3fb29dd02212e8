"""Updates, kernel, driver and bus, by files as Debian and Ubuntu have them."""

import os

import pytest
from deeprig_host.metrics import bus, driver, kernel, updates
from deeprig_host.metrics.samples import Samples

UBUNTU_24 = """
Expanded Security Maintenance for Applications is not enabled.

47 updates can be applied immediately.
2 of these updates are standard security updates.
To see these additional updates run: apt list --upgradable

3 additional security updates can be applied with ESM Apps.
"""
NOTIFIER = "/var/lib/update-notifier/updates-available"
DEBIAN_LIBRARY = "/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.1"


def read(part, files):
    samples = Samples()
    part.read(files.machine, samples)
    return {
        (sample.metric.name.removeprefix("deeprig_"), *sample.labels): sample.value
        for sample in samples
    }


@pytest.mark.parametrize(
    ("text", "pending", "security"),
    [
        (UBUNTU_24, 47, 2),
        (
            "1 update can be applied immediately.\n"
            "1 of these updates is a standard security update.\n",
            1,
            1,
        ),
        ("\n0 updates can be applied immediately.\n", 0, 0),
        ("12 packages can be updated.\n3 updates are security updates.\n", 12, 3),
        ("Es können 47 Aktualisierungen angewendet werden.\n", None, None),
        ("", None, None),
    ],
)
def test_updates_are_what_the_system_counted(files, text, pending, security):
    files.place(NOTIFIER, text)
    told = read(updates, files)
    assert told.get(("updates_pending", "all")) == pending
    assert told.get(("updates_pending", "security")) == security


def test_a_host_that_counts_no_updates_tells_none(files):
    assert read(updates, files) == {("reboot_required",): 0}


def test_apts_own_last_times_are_told(files):
    for name, time in (("update-stamp", 100), ("update-success-stamp", 200), ("upgrade-stamp", 50)):
        os.utime(files.place(f"/var/lib/apt/periodic/{name}", ""), (time, time))
    told = read(updates, files)
    assert told["updates_timestamp_seconds", "refresh"] == 200
    assert told["updates_timestamp_seconds", "upgrade"] == 50


def test_a_reboot_is_required_since_the_file_is_there(files):
    os.utime(files.place("/var/run/reboot-required", "*** System restart required ***"), (70, 70))
    told = read(updates, files)
    assert told["reboot_required",] == 1
    assert told["reboot_required_since_timestamp_seconds",] == 70


@pytest.mark.parametrize(
    ("link", "target"),
    [("/vmlinuz", "boot/vmlinuz-6.1.0-31-amd64"), ("/boot/vmlinuz", "vmlinuz-6.1.0-31-amd64")],
)
@pytest.mark.parametrize(("running", "differs"), [("6.1.0-31-amd64", 0), ("6.1.0-30-amd64", 1)])
def test_the_next_kernel_is_the_one_that_the_link_leads_to(files, link, target, running, differs):
    files.place("/proc/sys/kernel/osrelease", running + "\n")
    files.place("/boot/vmlinuz-6.1.0-31-amd64", "")
    files.link(link, target)
    assert read(kernel, files) == {
        ("kernel_info", running, "6.1.0-31-amd64"): 1,
        ("kernel_mismatch",): differs,
    }


def test_a_container_has_no_next_kernel(files):
    files.place("/proc/sys/kernel/osrelease", "6.1.0-31-amd64\n")
    files.link("/vmlinuz", "boot/vmlinuz-that-is-gone")
    assert read(kernel, files) == {}


@pytest.mark.parametrize(("loaded", "differs"), [("550.54.14", 0), ("535.183.01", 1)])
def test_a_loaded_module_is_compared_with_the_installed_library(files, loaded, differs):
    files.place("/sys/module/nvidia/version", loaded + "\n")
    files.place("/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.550.54.14", "")
    files.link(DEBIAN_LIBRARY, "libnvidia-ml.so.550.54.14")
    assert read(driver, files) == {
        ("driver_info", loaded, "550.54.14"): 1,
        ("driver_mismatch",): differs,
    }


def test_debians_alternatives_are_followed(files):
    current = "/usr/lib/x86_64-linux-gnu/nvidia/current"
    files.place(f"{current}/libnvidia-ml.so.535.183.01", "")
    files.link(f"{current}/libnvidia-ml.so.1", "libnvidia-ml.so.535.183.01")
    files.link(DEBIAN_LIBRARY, "/etc/alternatives/nvidia--libnvidia-ml.so.1")
    assert read(driver, files) == {("driver_info", "", "535.183.01"): 1}


@pytest.mark.parametrize("target", ["libnvidia-ml.so.1.0-simulated", "libnvidia-ml.so.1", "gone"])
def test_a_library_without_a_version_in_its_name_is_not_known(files, target):
    files.place("/sys/module/nvidia/version", "550.54.14\n")
    files.link(DEBIAN_LIBRARY, target)
    assert read(driver, files) == {("driver_info", "550.54.14", ""): 1}


def test_gpus_on_the_bus_are_nvidias_of_display_class(files):
    for name, vendor, kind in (
        ("0000:01:00.0", "0x10de", "0x030000"),
        ("0000:01:00.1", "0x10de", "0x040300"),
        ("0000:02:00.0", "0x10de", "0x030200"),
        ("0000:03:00.0", "0x1002", "0x030000"),
    ):
        files.place(f"/sys/bus/pci/devices/{name}/vendor", vendor + "\n")
        files.place(f"/sys/bus/pci/devices/{name}/class", kind + "\n")
    assert read(bus, files) == {("gpus_on_bus",): 2}


def test_a_machine_without_a_bus_counts_nothing(files):
    assert read(bus, files) == {}
