"""The canary: one wrong byte and it sings no more."""

import pytest
from deeprig_host.backup.canary import BadCanary, read_canary, write_canary

PLACE = "/var/lib/deeprig/backup/canary/canary"


def test_a_canary_is_read_as_it_was_written(machine):
    written = write_canary(machine, PLACE, "ws1", 1234.5)
    assert (written.host, written.time) == ("ws1", 1234)
    assert read_canary(machine.path(PLACE).read_bytes()) == written
    assert machine.path(PLACE).stat().st_mode & 0o777 == 0o600


def test_each_one_is_new(machine):
    first = write_canary(machine, PLACE, "ws1", 1234)
    assert write_canary(machine, PLACE, "ws1", 1234).sha256 != first.sha256


def test_any_wrong_byte_is_found(machine):
    write_canary(machine, PLACE, "ws1", 1234)
    good = machine.path(PLACE).read_bytes()
    for place in range(0, len(good), 7):
        bad = bytearray(good)
        bad[place] ^= 1
        with pytest.raises(BadCanary):
            read_canary(bytes(bad))


@pytest.mark.parametrize("cut", [0, 1, 20, 500])
def test_one_that_was_cut_is_found(machine, cut):
    write_canary(machine, PLACE, "ws1", 1234)
    good = machine.path(PLACE).read_bytes()
    with pytest.raises(BadCanary):
        read_canary(good[: len(good) - 1 - cut])
