"""The files and scripts of driver packages that every packaging of the driver shares."""

from __future__ import annotations

from tests.sim.repository.compiled import Programs
from tests.sim.repository.package import File

LIBRARY_DIRECTORY = "usr/lib/x86_64-linux-gnu"
LDCONFIG = {"triggers": "activate-noawait ldconfig\n"}

# As dh_dkms writes them: DKMS's own postinst builds for every kernel that has headers, and its
# failure is the package's.
DKMS_POSTINST = """\
#!/bin/sh
set -e
if [ "$1" = configure ]; then
    /usr/lib/dkms/common.postinst nvidia {version} /usr/share/{name} "" "$2"
fi
"""
DKMS_PRERM = """\
#!/bin/sh
set -e
case "$1" in
    remove|upgrade|deconfigure)
        if [ -n "$(dkms status -m nvidia -v {version})" ]; then
            dkms remove -m nvidia -v {version} --all
        fi
        ;;
esac
"""

BLACKLIST = """\
# Simulated by deeprig's tests, as NVIDIA's nvidia-graphics-drivers.conf.
blacklist nouveau
alias nouveau off
"""

PERSISTENCED_UNIT = """\
[Unit]
Description=NVIDIA Persistence Daemon
Wants=syslog.target

[Service]
Type=forking
PIDFile=/run/nvidia-persistenced/nvidia-persistenced.pid
ExecStart=/usr/bin/nvidia-persistenced --verbose
ExecStopPost=/bin/rm -rf /var/run/nvidia-persistenced

[Install]
WantedBy=multi-user.target
"""
FABRICMANAGER_UNIT = """\
[Unit]
Description=NVIDIA fabric manager service
After=network-online.target
Requires=network-online.target

[Service]
Type=forking
PIDFile=/run/nvidia-fabricmanager/nv-fabricmanager.pid
ExecStart=/usr/bin/nv-fabricmanager -c /usr/share/nvidia/nvswitch/fabricmanager.cfg

[Install]
WantedBy=multi-user.target
"""

# nvidia-modprobe loads the module and, where it is loaded, has nothing more to do: the simulated
# module makes its device files itself.
MODPROBE = """\
#!/bin/sh
# nvidia-modprobe, simulated by deeprig's tests.
[ -e /sys/module/nvidia/version ] || exec modprobe nvidia
"""


def library(programs: Programs, soname: str, version: str) -> tuple[File, ...]:
    """Return a library under its version's name, and the link that programs open."""
    real = f"{soname.rpartition('.')[0]}.{version}"
    return (
        File(f"{LIBRARY_DIRECTORY}/{real}", programs.of(soname, version)),
        File(f"{LIBRARY_DIRECTORY}/{soname}", link=real),
    )


def program(programs: Programs, name: str, version: str) -> File:
    """Return a program below ``/usr/bin``."""
    return File(f"usr/bin/{name}", programs.of(name, version), 0o755)


def blacklist(name: str) -> File:
    """Return the modprobe configuration that keeps nouveau out."""
    return File(f"usr/lib/modprobe.d/{name}.conf", BLACKLIST.encode())


def unit(name: str, text: str) -> File:
    """Return a systemd unit."""
    return File(f"usr/lib/systemd/system/{name}", text.encode())


def dkms_scripts(package_name: str, version: str) -> dict[str, str]:
    """Return the maintainer scripts of a package whose module DKMS builds."""
    return {
        "postinst": DKMS_POSTINST.format(name=package_name, version=version),
        "prerm": DKMS_PRERM.format(version=version),
    }
