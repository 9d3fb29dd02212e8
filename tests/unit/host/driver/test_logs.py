"""Logs of driver changes: the newest are kept."""

from deeprig_host.driver.logs import LOGS, new_log
from deeprig_host.driver.transaction import change

from .conftest import NEW, OLD
from .lab import driver, install, order

DAYS = [f"202601{day:02d}T000000.000000" for day in range(1, 26)]


def logs(rig):
    return sorted(file.name for file in (rig.root / LOGS[1:]).iterdir())


def test_the_oldest_go_so_that_20_are_there_with_the_new_one(rig):
    for day in DAYS:
        rig.write(f"{LOGS}/{day}.log", day)
    rig.write(f"{LOGS}/note.txt", "an administrator's")
    new_log(rig.machine, "20260201T000000.000000").write_text("")
    kept = (*DAYS[-19:], "20260201T000000.000000")
    assert logs(rig) == [*(f"{day}.log" for day in kept), "note.txt"]


def test_the_open_changes_log_and_the_new_one_stay_whatever_the_clock_says(rig):
    for day in DAYS:
        rig.write(f"{LOGS}/{day}.log", day)
    new_log(rig.machine, "20200101T000000.000000", still_open=DAYS[0]).write_text("")
    assert logs(rig) == [
        "20200101T000000.000000.log",
        f"{DAYS[0]}.log",
        *(f"{day}.log" for day in DAYS[-19:]),
    ]


def test_nothing_is_there_before_the_first_change(rig):
    assert not new_log(rig.machine, DAYS[0]).parent.exists()


def test_a_change_makes_room_for_its_own_log(rig):
    for day in DAYS:
        rig.write(f"{LOGS}/{day}.log", day)
    rig.publish(*driver(OLD), *driver(NEW))
    install(rig, OLD)
    answer = change(rig.machine, order(NEW))
    assert answer["outcome"] == "good"
    assert len(logs(rig)) == 20
    assert answer["log"].endswith(logs(rig)[-1])
    assert logs(rig)[0] == f"{DAYS[-19]}.log"
