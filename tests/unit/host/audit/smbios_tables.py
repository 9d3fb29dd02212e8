"""SMBIOS tables for recorded hosts, built by DSP0134: types 16 (array), 17 (module), 127 (end)."""

import struct

DDR4, DDR5, RAM = 26, 34, 7
NO_ECC, MULTI_BIT = 3, 6
END = struct.pack("<BBH", 127, 4, 0x7F00) + b"\0\0"
GIB = 1024**3


def structure(kind, handle, body, *strings):
    """Return a structure: header, body, strings."""
    texts = b"".join(text.encode() + b"\0" for text in strings) or b"\0"
    return struct.pack("<BBH", kind, 4 + len(body), handle) + body + texts + b"\0"


def array(correction, use=3):
    """Return a physical memory array."""
    return structure(16, 0x1000, struct.pack("<BBBIHH", 3, use, correction, 0x80000000, 0, 4))


def module(locator, gib, kind, speed, configured=None, extended=0, handle=0x1100):
    """Return a memory device of SMBIOS 3.2's size; 0 GiB is an empty slot."""
    mib = gib * 1024
    size, extended_mib = (0x7FFF, mib) if mib >= 0x7FFF else (mib, 0)
    body = struct.pack("<HHHHH", 0x1000, 0xFFFE, 64, 64, size)
    body += struct.pack("<BBBBBH", 9, 0, 1, 0, kind, 0x80)  # form factor .. type detail
    body += struct.pack("<HBBBBB", speed, 0, 0, 0, 0, 0)  # speed, four strings, attributes
    body += struct.pack("<IH", extended_mib, configured or speed)
    body = body.ljust(0x54 - 4, b"\0") + struct.pack("<II", extended, extended)
    return structure(17, handle, body, locator)


def table(correction, *modules):
    """Return a whole table."""
    return array(correction) + b"".join(modules) + END
