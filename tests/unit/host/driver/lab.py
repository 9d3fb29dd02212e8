"""Simulated drivers for the throwaway machine: packages as small as dpkg takes them."""

import json

from deeprig_host.driver.order import parse_order

from roles.nvidia_driver.change import DriverChange, ManagedFile, PackageVersion

from .conftest import KERNEL, Deb, kernel_module

MODPROBE = "/etc/modprobe.d/deeprig-nvidia.conf"
MODULE = f"/lib/modules/{KERNEL}/updates/dkms/nvidia.ko"
FAMILY = r"^(?:nvidia-|libnvidia-)"
SET = ("libnvidia-compute", "nvidia-dkms", "nvidia-driver")


def driver(version, *, scripts=None, module=None, depends=""):
    """Return the packages of a simulated driver; nvidia-dkms brings the module itself."""
    full = f"1:{version}-1"
    content = kernel_module(module or version)
    same = f"libnvidia-compute (= {full}), nvidia-dkms (= {full})"
    return (
        Deb("libnvidia-compute", full, files={"/usr/lib/libnvidia-ml.so.1": version}),
        Deb("nvidia-dkms", full, files={MODULE: content}, scripts=scripts or {}),
        Deb("nvidia-driver", full, depends=same + depends, architecture="all"),
    )


def install(rig, version):
    """Install a driver as somebody would have before: held, its library automatic."""
    rig.apt("install", *(f"{name}=1:{version}-1" for name in SET))
    assert rig.run("apt-mark", "hold", *SET).is_good
    assert rig.run("apt-mark", "auto", "libnvidia-compute").is_good
    rig.write(f"/lib/modules/{KERNEL}/modules.dep", "updates/dkms/nvidia.ko:\n")
    rig.write("/sys/module/nvidia/version", version + "\n")


def order(version, **changes):
    """Return the order for a driver, as the controller writes it and the host reads it."""
    values = {
        "version": version,
        "install": tuple(PackageVersion(name, f"1:{version}-1") for name in SET),
        "hold": SET,
        "family": FAMILY,
        "kernels": (KERNEL,),
        "files": (ManagedFile(MODPROBE, f"blacklist nouveau # {version}\n"),),
        "lock_wait_seconds": 1,
    }
    return parse_order(json.dumps(DriverChange(**(values | changes)).document()))


def versions(rig):
    """Return the one version that all packages of the driver have, or all of them."""
    found = rig.installed()
    wanted = {found.get(name) for name in SET}
    return wanted.pop() if len(wanted) == 1 else found
