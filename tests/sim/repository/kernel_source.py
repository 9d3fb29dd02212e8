"""The module's source tree as a driver package ships it, for DKMS to build on the host."""

from __future__ import annotations

from pathlib import Path

from tests.sim.repository.package import File

SOURCES = Path(__file__).parent / "kernel"
SOURCE_FILES = ("nvidia.c", "nvidia-uvm.c", "Kbuild", "Makefile")

# The lines of /proc/driver/nvidia/version, as the real modules say them.
PROPRIETARY = ("NVIDIA", "NVIDIA UNIX x86_64 Kernel Module", "Thu Jan  1 00:00:00 UTC 2026")
OPEN = (
    "Dual MIT/GPL",
    "NVIDIA UNIX Open Kernel Module for x86_64",
    "Release Build  (deeprig@simulated)  Thu Jan  1 00:00:00 UTC 2026",
)

DKMS_CONF = """\
PACKAGE_NAME="nvidia"
PACKAGE_VERSION="{version}"
CLEAN="make clean"
MAKE[0]="unset ARCH; make -j4 KERNEL_UNAME=${{kernelver}} SYSSRC=$kernel_source_dir modules"
BUILT_MODULE_NAME[0]="nvidia"
BUILT_MODULE_NAME[1]="nvidia-uvm"
DEST_MODULE_LOCATION[0]="/kernel/drivers/char/drm"
DEST_MODULE_LOCATION[1]="/kernel/drivers/char/drm"
AUTOINSTALL="yes"
"""

# A line that no compiler takes, as when a driver meets a kernel it does not know.
BROKEN_LINE = '#error "simulated: this driver does not build on this kernel"\n'


def driver_header(version: str, is_open: bool) -> str:
    """Return ``driver.h``, which makes the sources one version and variant."""
    license_name, title, build = OPEN if is_open else PROPRIETARY
    return (
        f'#define DRIVER_VERSION "{version}"\n'
        f'#define DRIVER_LICENSE "{license_name}"\n'
        f'#define MODULE_TITLE "{title}"\n'
        f'#define MODULE_BUILD "{build}"\n'
    )


def source_files(version: str, is_open: bool, is_broken: bool = False) -> tuple[File, ...]:
    """Return the source tree below ``/usr/src/nvidia-VERSION``, without ``dkms.conf``."""
    place = f"usr/src/nvidia-{version}"
    header = driver_header(version, is_open) + (BROKEN_LINE if is_broken else "")
    files = tuple(File(f"{place}/{n}", (SOURCES / n).read_bytes()) for n in SOURCE_FILES)
    return (*files, File(f"{place}/driver.h", header.encode()))


def dkms_conf(version: str) -> File:
    """Return ``dkms.conf``."""
    text = DKMS_CONF.format(version=version)
    return File(f"usr/src/nvidia-{version}/dkms.conf", text.encode())
