"""One daemon, whatever systemd removes; one that was killed and cannot die keeps no other out."""

import shutil

import pytest
from deeprig_host.cooling.places import LOCK_FILE, STATUS_FILE
from deeprig_host.cooling.sole import sole_daemon
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.refusal import Refused

STATUS = "Name:\tpython\nState:\tD (disk sleep)\nSigPnd:\t{}\nShdPnd:\t{}\nSigBlk:\t{}\n"
NONE, KILL, TERM = "0000000000000000", "0000000000000100", "0000000000004000"


def test_what_systemd_removes_when_the_unit_stops_lets_no_second_one_in(tmp_path):
    machine = Machine(tmp_path)
    with sole_daemon(machine):
        # RuntimeDirectory= of the unit, which was refused beside us and has stopped.
        shutil.rmtree(machine.path(STATUS_FILE).parent, ignore_errors=True)
        with (
            pytest.raises(Refused, match="another cooling daemon is running"),
            sole_daemon(machine),
        ):
            pass
    with sole_daemon(machine):
        pass


@pytest.mark.parametrize(
    ("masks", "is_left_behind"),
    [
        ((KILL, NONE, NONE), True),
        ((NONE, KILL, NONE), True),
        ((NONE, NONE, NONE), False),
        ((TERM, TERM, NONE), False),  # it may still act on that one
        ((NONE, NONE, KILL), False),
    ],
)
def test_only_a_killed_one_that_hangs_in_the_kernel_is_left_behind(tmp_path, masks, is_left_behind):
    """SIMULATED: what /proc says of the holder; a real one needs a driver that hangs."""
    machine = Machine(tmp_path)
    with sole_daemon(machine):
        pid = machine.text(LOCK_FILE)
        status = machine.path(f"/proc/{pid}/status")
        status.parent.mkdir(parents=True)
        status.write_text(STATUS.format(*masks))
        if not is_left_behind:
            with pytest.raises(Refused, match="another cooling daemon"), sole_daemon(machine):
                pass
            return
        with sole_daemon(machine):
            # The third sees the second, and not the one before.
            status.write_text(STATUS.format(NONE, NONE, NONE))
            with pytest.raises(Refused, match="another cooling daemon"), sole_daemon(machine):
                pass


def test_a_lock_without_a_holder_is_taken_whatever_it_says(tmp_path):
    machine = Machine(tmp_path)
    lock = machine.path(LOCK_FILE)
    lock.parent.mkdir(parents=True)
    for text in ("", "no number\n", "999999999\n"):
        lock.write_text(text)
        with sole_daemon(machine), pytest.raises(Refused), sole_daemon(machine):
            pass


def test_users_may_look_into_the_directory_that_it_makes(tmp_path):
    machine = Machine(tmp_path)
    with sole_daemon(machine):
        assert machine.path(LOCK_FILE).parent.stat().st_mode & 0o777 == 0o755
