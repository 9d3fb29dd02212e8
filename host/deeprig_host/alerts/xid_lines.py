"""What a line of the kernel's log says of an Xid (a GPU's error) or SXid (an NVSwitch's).

Forms: NVIDIA's open kernel modules (kernel_rc.c; GPU-I and GPU-CI name a MIG instance),
their nvswitch (error.h), and drivers before them, without ``PCI:`` or without a process.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_ADDRESS = r"(?:PCI:)?(?P<address>[0-9a-fA-F]{4,8}:[0-9a-fA-F]{2}:[0-9a-fA-F]{2}(?:\.[0-7])?)"
_LINE = re.compile(
    rf"\b(?P<kind>NVRM: Xid|nvidia-nvswitch\d+:? SXid) \({_ADDRESS}(?P<instance>[^)]*)\): "
    r"0*(?P<code>\d+)(?:,\s*(?P<text>.*))?$"
)
#: What comes before the error's words; who ran what is not kept (privacy).
_PROCESS = re.compile(r"(?:pid=[^,]*,\s*)?(?:name=[^,]*,\s*)?")
_LONGEST_TEXT = 300


@dataclass(frozen=True, slots=True)
class Xid:
    """An error: ``address`` is as in sysfs, ``instance`` a MIG instance, empty for the whole GPU.

    Codes of NVSwitches are above 10000, those of GPUs below 1000.
    """

    address: str
    code: int
    text: str
    instance: str = ""


def parse_line(line: str) -> Xid | None:
    """Return the error that a line tells, None for any other line."""
    found = _LINE.search(line.strip())
    if not found:
        return None
    text = found["text"] or ""
    process = _PROCESS.match(text)
    words = text[process.end() :] if process else text
    return Xid(
        address=_sysfs_address(found["address"]),
        code=int(found["code"]),
        text=words[:_LONGEST_TEXT].strip(),
        instance=found["instance"].strip(),
    )


def _sysfs_address(told: str) -> str:
    """Return ``0000:01:00.0`` for what the driver writes: without function, or a long domain."""
    domain, bus, device = told.lower().split(":")
    device, _, function = device.partition(".")
    return f"{int(domain, 16):04x}:{bus}:{device}.{function or '0'}"
