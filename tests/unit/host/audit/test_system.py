"""Virtual machines and containers are told apart from hardware, by what each leaves to see."""

import pytest

_DMI = "/sys/class/dmi/id"


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("sys_vendor", "QEMU", "qemu"),
        ("product_name", "KVM", "kvm"),
        ("sys_vendor", "VMware, Inc.", "vmware"),
        ("bios_vendor", "innotek GmbH", "oracle"),
        ("product_name", "Virtual Machine", "microsoft"),
        ("sys_vendor", "Amazon EC2", "amazon"),
        ("sys_vendor", "Xen", "xen"),
        ("sys_vendor", "ASUS", "none"),
    ],
)
def test_virtual_machines_by_the_firmwares_words(name, text, found, bench):
    bench.host("rtx4090").put(f"{_DMI}/{name}", f"{text}\n")
    facts = bench.collect()
    assert facts["system"]["virtualization"] == found
    assert facts["firmware"]["above_4g"] is (True if found == "none" else None)


@pytest.mark.parametrize(
    ("vendor", "more"),
    [
        ("Amazon EC2", (f"{_DMI}/product_name", "g4dn.metal\n")),
        ("Xen", ("/proc/xen/capabilities", "control_d\n")),
    ],
)
def test_real_machines_with_a_virtual_ones_names(vendor, more, bench):
    bench.host("rtx4090").put(f"{_DMI}/sys_vendor", f"{vendor}\n")
    bench.put(*more)
    assert bench.collect()["system"]["virtualization"] == "none"


def test_a_hypervisor_that_hides_its_name_is_a_virtual_machine_all_the_same(bench):
    bench.host("rtx4090").put("/proc/cpuinfo", "processor\t: 0\nflags\t: fpu hypervisor\n")
    assert bench.collect()["system"]["virtualization"] == "vm-other"


@pytest.mark.parametrize(
    ("path", "content", "found"),
    [
        ("/run/systemd/container", "systemd-nspawn", "systemd-nspawn"),
        ("/proc/1/environ", b"PATH=/bin\0container=lxc\0", "lxc"),
        ("/run/.containerenv", "", "podman"),
        ("/.dockerenv", "", "docker"),
    ],
)
def test_containers_see_the_real_devices(path, content, found, bench):
    bench.host("rtx4090").put(path, content)
    namespace = bench.path("/proc/self/ns/pid")
    namespace.unlink()
    namespace.symlink_to("pid:[4026532198]")
    facts = bench.collect()
    assert facts["system"]["virtualization"] == found
    assert facts["system"]["is_container"] is True
    assert facts["firmware"]["above_4g"] is True


def test_a_file_that_an_image_left_behind_makes_no_container(bench):
    bench.host("rtx4090").put("/.dockerenv", "")
    assert bench.collect()["system"]["is_container"] is False


@pytest.mark.parametrize(
    ("number", "found"),
    [(3, "desktop"), (0x80 | 7, "desktop"), (9, "laptop"), (23, "server"), (30, "tablet")],
)
def test_the_chassis_by_its_number(number, found, bench):
    bench.host("rtx4090").put(f"{_DMI}/chassis_type", f"{number}\n")
    assert bench.collect()["system"]["chassis"] == found


def test_a_chassis_of_no_kind_is_unknown(bench):
    bench.host("rtx4090").put(f"{_DMI}/chassis_type", "2\n")
    assert bench.collect()["system"]["chassis"] is None
    assert "is 2, which names no chassis" in bench.why("system.chassis")[0]


def test_a_machine_of_our_own_tests_says_what_is_simulated(bench):
    bench.host("rtx4090")
    assert bench.collect()["simulated"] is None
    bench.put("/etc/deeprig-sim/simulated", "NVIDIA cards\nand more\n")
    assert bench.collect()["simulated"] == "NVIDIA cards"
