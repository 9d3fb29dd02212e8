"""Whether a controller lives is asked of the kernel: of real processes here."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

from deeprig.waves.controller import is_alive, this_process
from deeprig.waves.start import is_led
from tests.unit.waves.plan import rollout

_TELL = (
    "from deeprig.waves.controller import this_process; from dataclasses import astuple; "
    "import sys; print(*astuple(this_process()), flush=True); sys.stdin.read()"
)


def test_this_process_lives():
    assert is_alive(this_process()) is True


def test_one_that_was_killed_does_not_even_before_it_is_waited_for():
    process = subprocess.Popen(
        [sys.executable, "-c", _TELL], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    words = process.stdout.readline().split()
    controller = replace(this_process(), pid=int(words[2]), start=words[3])
    assert controller.pid == process.pid
    assert is_alive(controller) is True
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # a zombie, still not waited for
    assert is_alive(controller) is False
    process.communicate()
    assert is_alive(controller) is False


def test_a_number_that_another_process_has_by_now_is_not_it():
    assert is_alive(replace(this_process(), start="1")) is False


def test_an_earlier_boots_process_is_gone_and_another_machines_is_not_to_be_told():
    here = this_process()
    assert is_alive(replace(here, boot="an earlier one")) is False
    assert is_alive(replace(here, boot="another", machine="elsewhere")) is None


def test_only_one_that_runs_or_is_paused_is_led():
    made = replace(rollout(1), controller=this_process())
    assert is_led(made) is True
    assert is_led(replace(made, status="paused")) is True
    assert is_led(replace(made, status="interrupted")) is False
    assert is_led(replace(made, controller=None)) is False
