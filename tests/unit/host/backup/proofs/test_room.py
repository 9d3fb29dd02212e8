"""Room is looked at before anything is written."""

import pytest
from deeprig_host.backup.room import check_room
from deeprig_host.machine.refusal import Refused


class Told:
    f_bavail, f_frsize, f_files, f_favail = 1_000_000, 4096, 1000, 500


@pytest.fixture
def file_system(monkeypatch):
    told = Told()
    monkeypatch.setattr("os.statvfs", lambda place: told)
    return told


def test_what_fits_beside_the_reserve_fits(file_system, tmp_path):
    file_system.f_bavail = (64 * 1024 * 1024 + 100 * 4096) // 4096
    check_room(tmp_path, 0, 100)
    with pytest.raises(Refused, match="not enough room") as told:
        check_room(tmp_path, 1, 100)
    assert "64.4 MiB free" in told.value.evidence[0]


def test_inodes_run_out_too(file_system, tmp_path):
    with pytest.raises(Refused) as told:
        check_room(tmp_path, 0, 501)
    assert told.value.evidence == ("501 files to restore, 500 inodes free",)


def test_a_file_system_that_counts_no_inodes_has_enough(file_system, tmp_path):
    file_system.f_files = file_system.f_favail = 0
    check_room(tmp_path, 0, 501)
