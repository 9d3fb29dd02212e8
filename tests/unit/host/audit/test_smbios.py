"""The firmware's tables: modules of all sizes, and tables that do not hold together."""

import pytest
from deeprig_host.audit.smbios import BrokenTable, structures

from .smbios_tables import DDR4, DDR5, END, GIB, MULTI_BIT, NO_ECC, array, module, structure, table

_TABLE = "/sys/firmware/dmi/tables/DMI"
_HEALTHY = table(NO_ECC, module("A1", 16, DDR4, 3200), module("B1", 0, 2, 0))


def slots_of(bench, content):
    if not bench.path("/proc").exists():
        bench.host("rtx4090")
    bench.put(_TABLE, content)
    return bench.collect()["memory"]["slots"]


def field(offset, value, size):
    """Return the healthy table with a field of its first module changed."""
    content = bytearray(_HEALTHY)
    at = content.index(bytes((17,)), len(array(NO_ECC))) + offset
    content[at : at + size] = value.to_bytes(size, "little")
    return bytes(content)


@pytest.mark.parametrize(
    ("gib", "kind", "name"), [(1, 24, "DDR3"), (16, DDR4, "DDR4"), (64, DDR5, "DDR5")]
)
def test_modules_are_told_with_type_and_the_speed_that_they_run_at(bench, gib, kind, name):
    (slot,) = slots_of(bench, table(NO_ECC, module("A1", gib, kind, 5600, configured=4800)))
    assert slot == {"locator": "A1", "size_bytes": gib * GIB, "type": name, "speed_mts": 4800}


def test_a_size_in_kilobytes_an_extended_size_and_an_extended_speed(bench):
    assert slots_of(bench, field(0x0C, 0x8000 | 512, 2))[0]["size_bytes"] == 512 * 1024
    (slot,) = slots_of(bench, table(NO_ECC, module("A1", 256, DDR5, 5600)))
    assert slot["size_bytes"] == 256 * GIB
    (slot,) = slots_of(bench, table(NO_ECC, module("A1", 8, DDR5, 0xFFFF, extended=70000)))
    assert slot["speed_mts"] == 70000
    (slot,) = slots_of(bench, table(NO_ECC, module("A1", 8, DDR5, 0)))
    assert slot["speed_mts"] is None
    assert bench.why("memory.slots.A1.speed_mts") == ["the firmware gives no speed"]


def test_error_correction_is_the_system_memorys(bench):
    bench.host("rtx4090").put(_TABLE, array(NO_ECC, use=7) + table(MULTI_BIT))
    assert bench.collect()["memory"]["has_ecc"] is True
    bench.put(_TABLE, table(2))  # "unknown"
    assert bench.collect()["memory"]["has_ecc"] is None
    assert "error correction" in bench.why("memory.has_ecc")[0]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (_HEALTHY[:2], "the table ends within a header, at byte 0"),
        (_HEALTHY[:10], "structure at byte 0 is cut off"),
        (_HEALTHY[: len(array(NO_ECC)) + 0x5D], "have no end"),
        (_HEALTHY[: -len(END)], "the table has no end marker"),
        (b"", "the table has no end marker"),
        (array(NO_ECC) + b"\x11\x00\x00\x11\x00\x00" + END, "has length 0"),
        (b"\x11\x03\x00\x11\x00\x00" + END, "has length 3, less than its header"),
        (field(0x10, 9, 1), "names string 9, has 1"),
        (field(0x0C, 0xFFFF, 2), "does not tell its size"),
    ],
)
def test_a_broken_table_is_null_with_the_reason_and_never_an_endless_walk(bench, content, reason):
    assert slots_of(bench, content) is None
    (why,) = bench.why("memory.slots")
    assert reason in why


def test_a_table_without_modules_is_not_no_memory(bench):
    assert slots_of(bench, table(NO_ECC)) is None
    assert bench.why("memory.slots") == [f"{_TABLE} has no memory device (type 17)"]


def test_what_lies_behind_the_end_marker_is_not_read():
    found = list(structures(structure(1, 1, b"\x01", "maker") + END + b"rubbish"))
    assert [(one.kind, one.strings) for one in found] == [(1, ("maker",)), (127, ())]
    assert found[0].text(4) == "maker"
    assert found[0].number(5, 2) is None
    broken = next(structures(structure(1, 1, b"\x02", "maker") + END))
    with pytest.raises(BrokenTable, match="names string 2"):
        broken.text(4)
