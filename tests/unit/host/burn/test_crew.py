"""Workers are real processes: what becomes of them is told, and none is left."""

import os
import signal
import sys
import time

import pytest
from deeprig_host.burn import crew as crew_module
from deeprig_host.burn.crew import Crew, Order

WHO = "root"
READY = (
    '{"event":"ready","device":"d","type":"t","size":1,"sha256":"s","difference":0,"bound":1,'
    '"compared_each":1,"torch":"0"}'
)
SECOND = (
    '{"event":"second","tflops":1,"cpu_seconds":1,"products":1,"compared":1,"wrong":0,'
    '"largest_difference":0,"is_plain":false}'
)


def order(body, name="GPU 0"):
    script = f"import os, signal, sys, time\ndef say(x): print(x, flush=True)\n{body}"
    return Order(name, (sys.executable, "-I", "-c", script), account=WHO)


def worked(*orders, ready_seconds=30.0, silent_seconds=30.0):
    """Run workers to their end, and return them."""
    with Crew(orders) as crew:
        crew.wait_until_ready(ready_seconds)
        crew.go()
        until = time.monotonic() + 60
        while crew.is_at_work and time.monotonic() < until:
            crew.hear(0.1)
            crew.silence(silent_seconds)
        return crew.workers


GOOD = f"""
say('{READY}'); sys.stdin.readline(); say('{SECOND}'); say('{{"event":"end"}}')
"""


def test_workers_wait_for_each_other_and_end():
    late = "time.sleep(0.3)" + GOOD
    one, other = worked(order(GOOD), order(late, "GPU 1"))
    for worker in (one, other):
        assert worker.fault == ""
        assert worker.has_ended
        assert len(worker.seconds) == 1


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("sys.exit('no memory left')", "exit 1: no memory left"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "signal 9; was it short of memory?"),
        (f"say('{READY}'); sys.stdin.readline(); sys.exit(3)", "it ended early: exit 3"),
        (f"say('{READY}'); sys.stdin.readline(); say('hello')", "it said what no worker says"),
        ('say(\'{"event":"failed","reason":"CUDA is not available"}\')', "CUDA is not available"),
        (GOOD + "sys.exit(4)", "it ended early: exit 4"),
    ],
)
def test_a_worker_that_goes_wrong_says_why_and_costs_no_other(body, words):
    wrong, right = worked(order(body), order(GOOD, "GPU 1"))
    assert words in wrong.fault
    assert right.fault == ""


def test_a_worker_that_never_gets_ready_is_given_up():
    (worker,) = worked(order("time.sleep(3600)"), ready_seconds=0.2)
    assert worker.fault == "not ready within 0.2 s"


def test_a_worker_that_falls_silent_hangs():
    body = f"say('{READY}'); sys.stdin.readline(); time.sleep(3600)"
    (worker,) = worked(order(body), silent_seconds=0.3)
    assert "it hangs" in worker.fault
    assert worker.process.returncode == -signal.SIGKILL


def test_none_is_left_behind_an_exception():
    pids = []

    def broken():
        with Crew((order("time.sleep(3600)"), order("time.sleep(3600)", "GPU 1"))) as crew:
            pids.extend(worker.process.pid for worker in crew.workers)
            raise RuntimeError("a sensor")

    with pytest.raises(RuntimeError, match="a sensor"):
        broken()
    assert len(pids) == 2
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_program_that_is_not_there_ends_those_that_are():
    with (
        pytest.raises(FileNotFoundError),
        Crew((order("time.sleep(3600)"), Order("GPU 1", ("/no/such/python",), account=WHO))),
    ):
        pytest.fail("it started")


def test_a_worker_that_no_signal_ends_is_not_waited_for(monkeypatch):
    """As one that hangs in a driver (state D): here the signal is kept from it."""
    monkeypatch.setattr(crew_module, "_GONE_SECONDS", 0.2)
    body = f"say('{READY}'); sys.stdin.readline(); time.sleep(3600)"
    with Crew((order(body),)) as crew:
        crew.wait_until_ready(30)
        (worker,) = crew.workers
        kill = worker.process.kill
        monkeypatch.setattr(worker.process, "kill", lambda: None)
    try:
        assert worker.fault == "it hangs in the kernel, where nothing can end it"
    finally:
        kill()
        worker.process.wait()
