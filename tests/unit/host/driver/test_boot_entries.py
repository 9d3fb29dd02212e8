"""What boots next, by GRUB's own files; grub.cfg as grub-mkconfig 2.06 writes it."""

import pytest
from deeprig_host.driver.boot_entries import read_entries
from deeprig_host.driver.kernels import flavour, installed_releases, next_release

from .conftest import KERNEL

NEWER = "6.8.0-101-generic"
U = "2f1c-77"


def entry(indent, release, kind, title):
    return (
        f"{indent}menuentry '{title}' --class ubuntu --class os $menuentry_id_option "
        f"'gnulinux-{release}-{kind}-{U}' {{\n{indent}\tlinux\t/boot/vmlinuz-{release} "
        f"root=UUID={U} ro\n{indent}\tinitrd\t/boot/initrd.img-{release}\n{indent}}}\n"
    )


GRUB_CFG = (
    f"menuentry 'Ubuntu' --class ubuntu $menuentry_id_option 'gnulinux-simple-{U}' {{\n"
    f"\tlinux\t/boot/vmlinuz-{NEWER} root=UUID={U} ro\n}}\n"
    f"submenu 'Advanced options for Ubuntu' $menuentry_id_option 'gnulinux-advanced-{U}' {{\n"
    + entry("\t", NEWER, "advanced", f"Ubuntu, with Linux {NEWER}")
    + entry("\t", NEWER, "recovery", f"Ubuntu, with Linux {NEWER} (recovery mode)")
    + entry("\t", KERNEL, "advanced", f"Ubuntu, with Linux {KERNEL}")
    + "}\nmenuentry 'UEFI Firmware Settings' $menuentry_id_option 'uefi-firmware' {\n\tfwsetup\n}\n"
)
ADVANCED = f"gnulinux-advanced-{U}>gnulinux-{KERNEL}-advanced-{U}"


@pytest.fixture
def two(rig):
    rig.add_kernel(NEWER)
    rig.write("/boot/grub/grub.cfg", GRUB_CFG)
    return rig


def test_releases_sort_as_versions_not_as_text(two):
    assert installed_releases(two.machine) == (KERNEL, NEWER)


@pytest.mark.parametrize(
    ("default", "release"),
    [
        ("0", NEWER),
        ('"1>2"', KERNEL),
        ("1>0", NEWER),
        (f'"{ADVANCED}"', KERNEL),
        (f'"Advanced options for Ubuntu>Ubuntu, with Linux {KERNEL}"', KERNEL),
        ("saved", NEWER),
        ("something-else", NEWER),
    ],
)
def test_the_declared_default_is_followed(two, default, release):
    two.write("/etc/default/grub", f"# GRUB_DEFAULT=7\nGRUB_DEFAULT={default}\nGRUB_TIMEOUT=0\n")
    assert next_release(two.machine) == release


def test_a_drop_in_wins_over_the_main_file(two):
    two.write("/etc/default/grub", "GRUB_DEFAULT=0\n")
    two.write("/etc/default/grub.d/60-x.cfg", f'GRUB_DEFAULT="{ADVANCED}"\n')
    assert next_release(two.machine) == KERNEL


def test_the_saved_entry_is_read_from_grubenv(two):
    two.write("/etc/default/grub", "GRUB_DEFAULT=saved\n")
    two.write("/boot/grub/grubenv", f"# GRUB Environment Block\nsaved_entry={ADVANCED}\n####")
    assert next_release(two.machine) == KERNEL


def test_an_entry_for_the_next_boot_only_comes_first(two):
    two.write("/etc/default/grub", "GRUB_DEFAULT=0\n")
    two.write("/boot/grub/grubenv", "next_entry=1>2\n")
    assert next_release(two.machine) == KERNEL


def test_without_grub_the_newest_kernel_boots(rig):
    rig.add_kernel(NEWER)
    assert next_release(rig.machine) == NEWER


def test_entries_have_the_names_that_grub_set_default_takes(two):
    found = read_entries(two.machine)
    assert [(e.index, e.release, e.is_recovery) for e in found] == [
        ("0", NEWER, False),
        ("1>0", NEWER, False),
        ("1>1", NEWER, True),
        ("1>2", KERNEL, False),
    ]
    assert found[3].identity == ADVANCED


@pytest.mark.parametrize(
    ("release", "expected"),
    [
        (KERNEL, "generic"),
        ("6.1.0-28-cloud-amd64", "cloud-amd64"),
        ("6.12.43+deb13-amd64", "amd64"),
        ("6.1.0-0.deb11.21-amd64", "amd64"),
        ("6.8.0-1012-nvidia-64k", "nvidia-64k"),
        ("6.18.44", ""),
    ],
)
def test_the_flavour_is_what_follows_the_abi(release, expected):
    assert flavour(release) == expected
