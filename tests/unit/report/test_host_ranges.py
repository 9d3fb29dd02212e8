"""Many host names in few words."""

from __future__ import annotations

import pytest

from deeprig.report.host_ranges import host_ranges


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ((), ""),
        (("rig",), "rig"),
        (("rig1",), "rig1"),
        (("gpu01", "gpu02", "gpu03"), "gpu[01-03]"),
        (("gpu08", "gpu09", "gpu10", "gpu11"), "gpu[08-11]"),
        (("gpu9", "gpu10", "gpu12"), "gpu[9-10,12]"),
        (("gpu2", "gpu1", "gpu2"), "gpu[1-2]"),
        (("gpu1", "gpu01"), "gpu1, gpu01"),
        (("n1.lab.example", "n2.lab.example"), "n[1-2].lab.example"),
        (("rack1-gpu1", "rack1-gpu2", "rack2-gpu1"), "rack1-gpu[1-2], rack2-gpu1"),
        (("ada", "rig2", "bob", "rig1"), "ada, rig[1-2], bob"),
        (("serial20261122", "serial20261123"), "serial20261122, serial20261123"),
        (("gpu099", "gpu100", "gpu101"), "gpu[099-101]"),
        (("10.0.0.1", "10.0.0.2"), "10.0.0.[1-2]"),
    ],
)
def test_names_are_told_as_ranges(names, told):
    assert host_ranges(names) == told


def test_a_hundred_hosts_without_two_take_few_words():
    names = [f"gpu{n:03d}" for n in range(1, 101) if n not in (7, 42)]
    assert host_ranges(names) == "gpu[001-006,008-041,043-100]"


def test_every_name_is_told_and_no_other():
    names = {f"a{n}" for n in range(0, 300, 7)} | {f"b{n:04d}x" for n in range(0, 40, 3)}
    told = host_ranges(sorted(names))
    assert expanded(told) == names


def expanded(told):
    """Read ranges back, as a shell would."""
    found = set()
    for word in told.split(", "):
        if "[" not in word:
            found.add(word)
            continue
        before, _, rest = word.partition("[")
        inside, _, after = rest.partition("]")
        for span in inside.split(","):
            first, _, last = span.partition("-")
            width = len(first) if first.startswith("0") and len(first) > 1 else 0
            numbers = range(int(first), int(last or first) + 1)
            found |= {f"{before}{number:0{width}d}{after}" for number in numbers}
    return found
