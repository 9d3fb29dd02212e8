"""NVIDIA devices on the PCI bus, by sysfs: what is there whether or not a driver works."""

from __future__ import annotations

from typing import Any

from deeprig_host.machine.commands import Machine

_NVIDIA = "0x10de"
#: PCI class codes: display controllers are 03xx, an NVSwitch is a bridge of kind "other".
_DISPLAY, _NVSWITCH = "03", "0680"


def nvidia_devices(machine: Machine) -> list[dict[str, Any]]:
    """Return every NVIDIA device by address: ``device_id`` and ``class_code`` (six hex digits)."""
    found = []
    for device in sorted(machine.path("/sys/bus/pci/devices").glob("*")):
        base = f"/sys/bus/pci/devices/{device.name}"
        if (machine.text(f"{base}/vendor") or "").lower() == _NVIDIA:
            found.append(
                {
                    "address": device.name,
                    "device_id": _hex(machine.text(f"{base}/device")),
                    "class_code": _hex(machine.text(f"{base}/class")),
                }
            )
    return found


def gpus(machine: Machine) -> list[dict[str, Any]]:
    """Return the GPUs: NVIDIA's VGA and 3D controllers."""
    return [d for d in nvidia_devices(machine) if d["class_code"].startswith(_DISPLAY)]


def nvswitches(machine: Machine) -> list[str]:
    """Return the addresses of NVSwitches."""
    return [d["address"] for d in nvidia_devices(machine) if d["class_code"].startswith(_NVSWITCH)]


def _hex(text: str | None) -> str:
    return (text or "").lower().removeprefix("0x")
