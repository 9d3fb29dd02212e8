"""Record this machine as a fixture: ``python3 record_host.py > recorded/NAME.json``.

Only what the collector reads is kept, and of /proc/self/mountinfo the line of "/" alone. What
cannot be read is left out, and so are the firmware's tables: they hold serial numbers.
"""

import json
import sys
from pathlib import Path

_FILES = (
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/driver/nvidia/version",
    "/run/systemd/container",
    "/.dockerenv",
    "/sys/hypervisor/type",
    "/sys/devices/system/clocksource/clocksource0/available_clocksource",
    "/sys/class/dmi/id/sys_vendor",
    "/sys/class/dmi/id/product_name",
    "/sys/class/dmi/id/board_vendor",
    "/sys/class/dmi/id/chassis_type",
    "/sys/class/dmi/id/bios_vendor",
    "/sys/class/dmi/id/bios_version",
    "/sys/class/dmi/id/bios_date",
)
_DEVICES = {
    "/sys/bus/pci/devices": (
        "vendor device class subsystem_vendor subsystem_device numa_node resource driver "
        "current_link_width max_link_width current_link_speed max_link_speed resource*_resize"
    ),
    "/sys/bus/pci/slots": "address",
    "/sys/block": "dev size device device/model queue/rotational dm/name slaves *[0-9]/dev",
    "/sys/class/net": "address carrier speed device device/driver wireless phy80211",
    "/sys/class/power_supply": "type power_now voltage_now current_now",
    "/sys/class/thermal": "type temp",
    "/sys/class/hwmon": "name temp*_* fan*_* power*_*",
    "/sys/devices/system/cpu": "cpufreq/cpuinfo_max_freq",
    "/sys/devices/system/node": "cpulist",
}
_KEPT_DIRECTORIES = ("/sys/class/iommu", "/sys/firmware/efi", *_DEVICES)


def record():
    """Return the recording."""
    kept = {"files": {}, "links": {}, "directories": []}
    kept["directories"] = [name for name in _KEPT_DIRECTORIES if Path(name).is_dir()]
    kept["links"]["/proc/self/ns/pid"] = str(Path("/proc/self/ns/pid").readlink())
    for name in _FILES:
        _keep(kept, Path(name))
    mounts = Path("/proc/self/mountinfo").read_text().splitlines(keepends=True)
    root = [line for line in mounts if line.split()[4] == "/"]
    kept["files"]["/proc/self/mountinfo"] = "".join(root)
    for directory, patterns in _DEVICES.items():
        for entry in sorted(Path(directory).glob("*")):
            _keep_link(kept, entry)
            for pattern in patterns.split():
                for path in entry.resolve().glob(pattern):
                    _keep(kept, path)
    return kept


def _keep(kept, path):
    _keep_link(kept, path)
    if path.is_dir():
        return
    try:
        kept["files"][str(path.resolve())] = path.read_text(errors="replace")
    except OSError as error:
        sys.stderr.write(f"left out: {path}: {error.strerror}\n")


def _keep_link(kept, path):
    if path.is_symlink():
        kept["links"][str(path.parent.resolve() / path.name)] = str(path.readlink())


if __name__ == "__main__":
    json.dump(record(), sys.stdout, indent=1, sort_keys=True)
    sys.stdout.write("\n")
