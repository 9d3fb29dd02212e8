"""A Ctrl-C between two waves is heard, although the engine has watched signals before."""

import signal
import subprocess
import sys

import pytest

_SCRIPT = """
from deeprig.engine.embedding import patch_standard_library
patch_standard_library()
import gevent
from deeprig.engine.interruption import interruptible
from deeprig.waves.waiting import wait
from deeprig.waves.works import Interrupted
with interruptible(lambda: None):
    pass
gevent.spawn_later(0.05, print, "waits", flush=True)  # once the wait below watches
try:
    while True:
        wait(5)
except Interrupted:
    print("heard", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_wait_is_interrupted(number):
    process = subprocess.Popen([sys.executable, "-c", _SCRIPT], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "waits\n"
    process.send_signal(number)
    assert process.communicate(timeout=60)[0] == "heard\n"
