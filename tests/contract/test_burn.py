"""A burn in a closed loop: simulated cards, real programs; and real PyTorch on the CPU.

SIMULATED: NVML and its cards (tests/sim/thermal), and the worker that would multiply on a GPU: it
says what a worker says, and does not compute. The kernel's log is given by the test. Real are the
orchestrator, its processes, its sampling, its judgement, and the worker on the CPU.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

HOST = Path(__file__).parents[2] / "host"
sys.path.insert(0, str(HOST))  # the imports below are found by it

from deeprig_host.burn.burning import burn  # noqa: E402
from deeprig_host.burn.faults import xids_since  # noqa: E402
from deeprig_host.burn.limits import Limits  # noqa: E402
from deeprig_host.burn.result import result  # noqa: E402
from deeprig_host.burn.wanted import Wanted  # noqa: E402
from deeprig_host.machine.commands import Done, Machine  # noqa: E402
from deeprig_host.machine.refusal import Refused  # noqa: E402

from tests.sim.thermal.api import Plant, build_library  # noqa: E402
from tests.sim.thermal.cards import OPEN_AIR_350, PASSIVE_300  # noqa: E402
from tests.sim.thermal.cards import Machine as Cards  # noqa: E402
from tests.sim.thermal.inside import nvml_of  # noqa: E402

WORKER = HOST / "deeprig_host/burn/worker.py"
SECONDS = 6
#: The rules are the same, their windows are shorter.
LIMITS = Limits(
    warm_seconds=1, window_seconds=2, least_window_seconds=1, silent_seconds=4, ready_seconds=20
)
#: Says what a worker of a GPU says; MUTATION spoils it.
SIMULATED_WORKER = """
import json, sys, time
seconds = float(sys.argv[sys.argv.index("--seconds") + 1])
def say(event, **told): print(json.dumps({"event": event, **told}), flush=True)
digest, difference, rate, wrong = "ab" * 32, 0.01, 100.0, 0
MUTATION = sys.argv[0]
say("ready", device="Simulated", type="bfloat16", size=8192, sha256=digest, difference=difference,
    bound=0.05, compared_each=4, torch="0-simulated")
sys.stdin.readline()
began = time.monotonic()
number = 0
while time.monotonic() - began < seconds:
    time.sleep(0.5)
    number += 1
    pass  # HERE
    say("second", tflops=rate, cpu_seconds=1.0, products=100, compared=25, wrong=wrong,
        largest_difference=float(wrong), is_plain=False)
say("end")
"""


class Loop:
    """A simulated machine, and burns of it."""

    def __init__(self, directory, library):
        self.directory = directory
        self.library = library
        self.state = directory / "state"
        self.state.mkdir()
        self.plant = Plant(self.state, library.parent)
        self.log = [json.dumps({"MESSAGE": "Linux version"})]

    def describe(self, *cards):
        self.plant.describe(Cards(cards, {"factor": 1}))
        for number in range(len(cards)):
            self.plant.set_load(number, 100)

    def kernel(self, *words, **_):
        """journalctl: the kernel's log after a cursor that counts lines."""
        assert words[0] == "journalctl"
        after = [w.partition("=")[2] for w in words if w.startswith("--after-cursor=")]
        lines = self.log[int(after[0]) + 1 :] if after else self.log
        if "--lines=1" in words and self.log:
            lines = [json.dumps({"__CURSOR": str(len(self.log) - 1)})]
        return Done(words, 0, "\n".join(lines))

    def burn(self, mutation="pass", gpus=None, worker=None, later=lambda: None):
        """Burn; ``later`` is done after two seconds of it."""
        script = self.directory / "worker.py"
        script.write_text(SIMULATED_WORKER.replace("pass  # HERE", mutation))
        wanted = Wanted(
            Path(sys.executable),
            SECONDS,
            gpus,
            has_cpu=False,
            has_ram=False,
            worker=worker or script,
            account="root",
        )
        machine = Machine(Path("/"), self.kernel)
        told = []

        def emit(share, text):
            told.append((share, text))
            if len(told) == 3:
                later()

        with nvml_of(self.library, self.state):
            seen = burn(machine, wanted, LIMITS, emit)
        return result(seen, xids_since(machine, seen.kernel), LIMITS)


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return build_library(tmp_path_factory.mktemp("thermal"))


@pytest.fixture
def loop(tmp_path, library):
    made = Loop(tmp_path, library)
    made.describe(OPEN_AIR_350)
    return made


def bad(told):
    return {check.name for check in told.checks if not check.is_good}


def test_cool_and_steady_cards_pass(loop):
    loop.describe(OPEN_AIR_350, OPEN_AIR_350)
    told = loop.burn(gpus=2)
    assert (told.outcome, bad(told)) == ("pass", set())
    assert "the 2 Simulated compute the same" in {check.name for check in told.checks}
    assert len(told.curves["GPU 1 temperature_c"]) >= SECONDS - 1
    assert told.data["gpus"]["GPU 0"]["name"].startswith("Simulated")
    units = {one.name: one.unit for one in told.measurements}
    assert units["GPU 0 throughput"] == "TFLOP/s"
    assert units["GPU 1 power"] == "W"


@pytest.mark.parametrize(
    ("mutation", "failed"),
    [
        ("wrong = int(number == 5)", "GPU 0: every product is the first one's, bit for bit"),
        ("rate = 100.0 if number < 6 else 80.0", "GPU 0: as fast at the end"),
        ("sys.exit('an illegal memory access') if number == 4 else 0", "GPU 0: worked to the end"),
        ("time.sleep(3600 if number == 4 else 0)", "GPU 0: worked to the end"),
    ],
    ids=["a wrong result once", "slower after a while", "a worker that dies", "one that hangs"],
)
def test_a_worker_that_goes_wrong_fails_the_burn(loop, mutation, failed):
    told = loop.burn(mutation)
    assert told.outcome == "fail"
    assert failed in bad(told)
    assert failed in told.reason


@pytest.mark.parametrize(
    ("trouble", "failed"),
    [
        (lambda loop: loop.plant.set(0, "power_brake", 1),
         "GPU 0: no slowdown by heat or power in hardware"),
        (lambda loop: loop.plant.set(0, "ecc_uncorrected", 3),
         "GPU 0: no uncorrected memory error"),
        (lambda loop: loop.plant.set(0, "remapped_uncorrectable", 1),
         "GPU 0: no row of memory was remapped"),
        (lambda loop: loop.plant.set_fault(0, "lost"), "GPU 0: there all the time"),
        (lambda loop: loop.plant.set_load(0, 10), "GPU 0: it was loaded"),
        (lambda loop: loop.log.append(json.dumps(
            {"MESSAGE": "NVRM: Xid (PCI:0000:01:00): 79, GPU has fallen off the bus."})),
         "GPU 0: no Xid error"),
    ],
    ids=["power brake", "ECC", "remapped row", "lost", "idle", "Xid"],
)  # fmt: skip
def test_a_card_in_trouble_fails_the_burn(loop, trouble, failed):
    loop.describe(PASSIVE_300)  # it has ECC
    told = loop.burn(later=lambda: trouble(loop))
    assert told.outcome == "fail"
    assert failed in bad(told)


@pytest.mark.parametrize(
    ("room_c", "failed"),
    [
        (60, "GPU 0: not slowed down by heat in software"),
        (90, "GPU 0: no slowdown by heat or power in hardware"),
    ],
)
def test_a_card_that_heat_slows_down_fails_the_burn(loop, room_c, failed):
    """Steadily: its throughput does not fall any more, and is still not what was paid for."""
    loop.plant.describe(Cards((OPEN_AIR_350,), {"is_virtual": 1}))
    loop.plant.set("all", "room_c", room_c)
    loop.plant.set_load(0, 100)
    loop.plant.step(1800)
    assert failed in bad(loop.burn())


def test_a_kernel_log_that_cannot_be_read_is_no_pass(loop):
    loop.kernel = lambda *words, **_: Done(words, 1, err="no journal")
    assert bad(loop.burn()) == {"GPU 0: no Xid error"}


def test_a_kernel_log_that_nobody_keeps_is_no_pass(loop):
    loop.log = []
    assert bad(loop.burn()) == {"GPU 0: no Xid error"}


def test_a_card_on_which_somebody_works_is_left_alone(loop):
    loop.plant.set(0, "graphics_processes", "4000 100")
    loop.plant.set(0, "compute_processes", "4321 20000")
    with pytest.raises(Refused, match="somebody works on the GPUs") as refused:
        loop.burn()
    assert refused.value.evidence == ("GPU 0: process 4321",)


def test_gpus_that_are_expected_and_not_there_are_refused(loop, tmp_path):
    with pytest.raises(Refused, match="2 GPUs are expected, 1 answer"):
        loop.burn(gpus=2)


def events_of(python, *options, **more):
    done = subprocess.run(
        [sys.executable, "-m", "deeprig_host.burn", "run", "--python", str(python),
         "--account", "root", "--gpus", "0", "--size", "256", *options],
        env=os.environ | {"PYTHONPATH": str(HOST)},
        capture_output=True, text=True, check=False, timeout=300, **more,
    )  # fmt: skip
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return done, lines


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--seconds", "5"), "20 at least"),
        (("--seconds", "nan"), "20 at least"),
        (("--seconds", "20", "--account", "no-such-user"), "there is no user no-such-user"),
        (("--seconds", "20", "--python", "/no/such/python"), "/no/such/python: No such file"),
    ],
)
def test_a_slip_on_the_command_line_is_told(options, words):
    done, _ = events_of(sys.executable, *options)
    assert done.returncode in (1, 2)
    assert words in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_the_cpu_multiplies_rightly_beside_memory(torch_python, tmp_path):
    done, lines = events_of(torch_python, "--seconds", "20", "--workdir", str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    told = lines[-1]["result"]
    assert [line["event"] for line in lines[:2]] == ["started", "case_started"]
    assert told["outcome"] == "pass"
    names = {check["name"] for check in told["checks"]}
    assert {"CPU: the product is right", "RAM: read back as written"} <= names
    assert told["data"]["devices"]["CPU"]["type"] == "float32"
    kept = (tmp_path / "results.jsonl").read_text().splitlines()
    assert json.loads(kept[0])["name"] == "burn"


@pytest.mark.parametrize(
    ("spoilt", "failed"),
    [
        (("self.torch.mm(self.a, self.b, out=self.product)\n            steps",
          "self.torch.mm(self.a, self.b, out=self.product)\n            "
          "self.product[3, 4] += float(steps == 4 * self.each)\n            steps"),
         "CPU: every product is the first one's, bit for bit"),
        (("self.first = self.a @ self.b", "self.first = (self.a @ self.b) + 0.01"),
         "CPU: the product is right"),
    ],
    ids=["one element wrong once", "always a little wrong"],
)  # fmt: skip
def test_a_wrong_product_is_found(torch_python, tmp_path, spoilt, failed):
    source = WORKER.read_text()
    assert source.count(spoilt[0]) == 1
    worker = tmp_path / "worker.py"
    worker.write_text(source.replace(*spoilt))
    wanted = Wanted(
        torch_python, SECONDS, 0, has_ram=False, size=256, worker=worker, account="root"
    )
    seen = burn(Machine(Path("/")), wanted, LIMITS, lambda share, text: None)
    told = result(seen, (), LIMITS)
    assert failed in bad(told), [(one.name, one.actual) for one in told.checks]


def test_a_burn_that_is_cut_keeps_what_was_seen_and_leaves_no_worker(torch_python):
    process = subprocess.Popen(
        [sys.executable, "-m", "deeprig_host.burn", "run", "--python", str(torch_python),
         "--account", "root", "--gpus", "0", "--size", "256", "--seconds", "600", "--no-ram"],
        env=os.environ | {"PYTHONPATH": str(HOST)}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    seen = []
    for line in process.stdout:
        seen.append(json.loads(line))
        if "TFLOP/s" in seen[-1].get("text", ""):
            children = children_of(process.pid)
            process.terminate()
            break
    seen += [json.loads(line) for line in process.stdout]
    assert process.wait(60) == 1
    process.stdout.close()
    told = seen[-1]["result"]
    assert told["outcome"] == "fail"
    assert told["reason"].startswith("not finished: it was cut (SIGTERM)")
    assert told["curves"]["CPU throughput_tflops"]
    assert children
    for pid in children:
        assert not Path(f"/proc/{pid}").exists()


def test_a_burn_whose_parent_is_killed_leaves_no_worker(torch_python):
    process = subprocess.Popen(
        [sys.executable, "-m", "deeprig_host.burn", "run", "--python", str(torch_python),
         "--account", "root", "--gpus", "0", "--size", "256", "--seconds", "600", "--no-ram"],
        env=os.environ | {"PYTHONPATH": str(HOST)}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    for line in process.stdout:
        if "TFLOP/s" in line:
            break
    children = children_of(process.pid)
    process.kill()
    process.wait(60)
    process.stdout.close()
    assert children
    until = time.monotonic() + 60
    while any(is_alive(pid) for pid in children) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(map(is_alive, children))


def children_of(pid):
    return [int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_alive(pid):
    """A zombie that nobody has waited for is dead."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
