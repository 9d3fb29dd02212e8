"""The benchmark's own instruments on a real kernel: a link with a delay, and what a run took."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.fleet.delay import FAR_ADDRESS, Segment
from benchmarks.fleet.measuring import Measured
from benchmarks.fleet.wire import count_turns

ROOT = Path(__file__).parents[2]
MILLISECONDS = 40
PORT, TIMES = 7000, 5

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not Path("/dev/net/tun").exists(), reason="needs root and TUN devices"
)


@pytest.fixture
def namespaces():
    made = [f"deeprig-test-{os.getpid()}-{name}" for name in ("near", "far")]
    for name in made:
        subprocess.run(["ip", "netns", "add", name], check=True)
    yield made
    for name in made:
        subprocess.run(["ip", "netns", "delete", name], check=True)


@pytest.fixture
def link(namespaces, tmp_path):
    log = tmp_path / "segments.log"
    command = [sys.executable, "-m", "benchmarks.fleet.delay", *namespaces, str(MILLISECONDS)]
    process = subprocess.Popen([*command, str(log)], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    yield namespaces, log
    process.terminate()
    process.wait(10)
    process.stdout.close()


# In a process without gevent: its threads are none, and one that enters a network namespace would
# take every later test of this process with it.
TALK = """
import json, os, socket, sys, time
from benchmarks.fleet.delay import NEAR_ADDRESS
from deeprig.lab.lab_sockets import LabSockets
near, far, port, times = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
listening, client = LabSockets(near).make(), LabSockets(far).make()
listening.bind((NEAR_ADDRESS, port))
listening.listen(1)
answering = os.fork()
if answering == 0:
    connection, _ = listening.accept()
    for _ in range(times):
        connection.sendall(connection.recv(100))
    os._exit(0)
client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
began = time.monotonic()
client.connect((NEAR_ADDRESS, port))
for _ in range(times):
    client.sendall(b"x" * 100)
    assert client.recv(100) == b"x" * 100
seconds = time.monotonic() - began
name = client.getsockname()
client.close()
os.waitpid(answering, 0)
print(json.dumps([seconds, *name]))
"""


def test_each_round_trip_takes_the_delay_and_is_a_turn(link):
    (near, far), log = link
    inside = Path("/proc/self/ns/net").readlink()
    words = [sys.executable, "-c", TALK, near, far, str(PORT), str(TIMES)]
    told = subprocess.run(words, stdout=subprocess.PIPE, check=True, text=True, cwd=ROOT)
    seconds, address, port = json.loads(told.stdout)
    assert address == FAR_ADDRESS
    # One round trip connects, the others carry the data; never less than the delay.
    assert seconds >= (TIMES + 1) * MILLISECONDS / 1000
    segments = [Segment.of_line(line) for line in log.read_text().splitlines()]
    assert {segment.port for segment in segments} == {port}
    assert count_turns(segments) == TIMES
    assert sum(s.payload_bytes for s in segments if s.is_towards_host) == TIMES * 100
    assert Path("/proc/self/ns/net").readlink() == inside


BURN = """
import subprocess, sys, time
block = bytearray(80_000_000)
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
began = time.process_time()
while time.process_time() - began < 0.3: pass
time.sleep(0.5)
print("said"); print("told", file=sys.stderr); sys.exit(3)
"""


MEASURE = """
import dataclasses, json, os, pathlib, sys
from benchmarks.fleet.measuring import measure
words = [sys.executable, "-c", sys.argv[1]]
run = measure(words, pathlib.Path(sys.argv[2]), os.environ, is_watched=True)
print(json.dumps(dataclasses.asdict(run)))
"""


def test_a_run_is_measured_whole_and_leaves_nothing(tmp_path):
    # In a process without gevent, whose threads do not run while a process is waited for.
    words = [sys.executable, "-c", MEASURE, BURN, str(tmp_path)]
    told = subprocess.run(words, stdout=subprocess.PIPE, check=True, text=True, cwd=ROOT)
    run = Measured(**json.loads(told.stdout))
    assert (run.exit_code, run.output, run.errors) == (3, "said\n", "told\n")
    assert run.seconds >= 0.8
    assert run.cpu_seconds >= 0.3
    assert run.all_mebibytes is not None
    assert run.all_mebibytes >= 80_000_000 / 2**20
    assert not _running("import time; time.sleep(600)", str(tmp_path))


def _running(code, directory):
    """Say whether a process with this code runs in the directory."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            arguments = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
            where = (process / "cwd").readlink()
        except OSError:
            continue  # it has ended
        if code in arguments and str(where) == directory:
            return True
    return False
