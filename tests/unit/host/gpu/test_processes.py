"""Who uses a GPU, by user; local names only."""

import pytest
from deeprig_host.gpu.processes import UNKNOWN_USER, GpuProcess, Owners, UserShare, shares
from deeprig_host.machine.commands import Machine

USERS = """root:x:0:0:root:/root:/bin/bash
ada:x:1000:1000:Ada:/home/ada:/bin/bash
again:x:1000:1000:the same number:/:/bin/sh
broken line
"""


@pytest.fixture
def machine(tmp_path):
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text(USERS)
    for pid, uids in ((7, "1000\t0\t0\t0"), (8, "54321\t54321\t54321\t54321"), (9, "")):
        (tmp_path / f"proc/{pid}").mkdir(parents=True)
        (tmp_path / f"proc/{pid}/status").write_text(f"Name:\tpython\nUid:\t{uids}\nGid:\t0\n")
    return Machine(tmp_path)


@pytest.mark.parametrize(
    ("pid", "user"),
    [
        (7, "ada"),  # the real user, not the effective one; the first name of a number
        (8, "uid:54321"),  # a directory service's, which is not asked
        (9, UNKNOWN_USER),
        (10, UNKNOWN_USER),
    ],
)
def test_a_process_belongs_to_its_real_user(machine, pid, user):
    assert Owners(machine)(pid) == user


def test_a_machine_without_users_tells_numbers(tmp_path):
    (tmp_path / "proc/7").mkdir(parents=True)
    (tmp_path / "proc/7/status").write_text("Uid:\t0\t0\t0\t0\n")
    assert Owners(Machine(tmp_path))(7) == "uid:0"


def test_shares_are_by_user_and_a_memory_that_is_not_known_of_one_is_of_none():
    processes = [GpuProcess(1, 10), GpuProcess(2, 5), GpuProcess(3, None), GpuProcess(4, 7)]
    owner = {1: "root", 2: "ada", 3: "ada", 4: "root"}.__getitem__
    assert shares(processes, owner) == (UserShare("ada", 2, None), UserShare("root", 2, 17))
    assert shares((), owner) == ()
