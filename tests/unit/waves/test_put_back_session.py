"""What puts hosts back dies with its controller: who goes on must find the hosts free."""

import os
import subprocess
import sys
from pathlib import Path

_CHILD = (
    "import os, sys, time; from deeprig.waves.put_back_session import die_with; "
    "die_with(os.getppid()); print(os.getpid(), flush=True); time.sleep(1000)"
)
_LEADER = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {_CHILD!r}])"


def test_it_is_ended_by_the_kernel_when_its_controller_is_killed():
    leader = subprocess.Popen([sys.executable, "-c", _LEADER], stdout=subprocess.PIPE, text=True)
    child = int(leader.stdout.readline())
    assert is_running(child)
    leader.kill()
    # Its standard output is the leader's: it is closed when the child's end has begun too.
    leader.communicate(timeout=60)
    while is_running(child):
        os.sched_yield()


def test_one_whose_controller_is_gone_already_does_not_begin():
    code = f"from deeprig.waves.put_back_session import die_with; die_with({os.getpid()} + 1)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "has ended" in done.stderr


def is_running(pid):
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"
