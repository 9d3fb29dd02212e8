"""NVML is waited for as long as it is well, and no longer; who hung is not asked again.

What is asked here is a function in a real process of its own; NVML itself is in test_on_the_plant.
"""

import os
import select
import signal

import pytest
from deeprig_host.metrics import names, stuck
from deeprig_host.metrics.nvml import NvmlReader
from deeprig_host.metrics.nvml_child import fork
from deeprig_host.metrics.nvml_messages import Begun, CardId, CardRead, Ended, Listed, NoLibrary
from deeprig_host.metrics.nvml_wait import Patience
from deeprig_host.metrics.samples import Samples
from gevent.monkey import get_original

CARDS = tuple(CardId(index, f"GPU-{index}") for index in range(4))
#: Long enough for a machine at work to answer; what is to hang does so for ever.
PATIENCE = Patience(open_seconds=20, card_seconds=20, end_seconds=20, killed_seconds=20)
BRIEF = Patience(open_seconds=1, card_seconds=1, end_seconds=20, killed_seconds=20)

pytestmark = pytest.mark.filterwarnings(
    # pytest's workers have threads; the collector has none.
    "ignore:This process.*is multi-threaded, use of fork:DeprecationWarning"
)


@pytest.fixture(autouse=True)
def _processes_of_a_plain_python(monkeypatch):
    """The controller, and so pytest here, has gevent under it, which takes ended children."""
    for module, name in ((os, "fork"), (os, "waitpid"), (select, "select")):
        original = get_original(module.__name__, name)
        monkeypatch.setattr(module, name, original)


def well(card, *told):
    samples = Samples()
    samples.add(names.GPU_UP, 1, *card.labels)
    for metric, value in told:
        samples.add(metric, value, *card.labels)
    return CardRead(card, samples)


class Script:
    """What the process does: for each GPU a message to send, or a function that does not return."""

    def __init__(self, *steps, cards=CARDS):
        self.steps, self.cards = steps, cards

    def __call__(self, send, skip):
        send(Listed(len(self.cards)))
        for card, step in zip(self.cards, self.steps, strict=True):
            if card.index in skip:
                continue
            send(Begun(card))
            send(step() if callable(step) else step)
        send(Ended())


def hang():
    while True:
        signal.pause()


def crash():
    os.kill(os.getpid(), signal.SIGKILL)


def read(reader):
    samples = Samples()
    failures = reader.read(samples)
    told = {
        (sample.metric.name.removeprefix("deeprig_"), *sample.labels): sample.value
        for sample in samples
    }
    return told, {(failure.part, failure.text.split(":")[0]) for failure in failures}


def ups(told):
    return {key[2]: value for key, value in told.items() if key[0] == "gpu_up"}


def reasons(told):
    return {key[2]: key[3] for key in told if key[0] == "gpu_failure_info"}


def test_every_gpu_that_answers_is_up():
    told, failures = read(NvmlReader(Script(*map(well, CARDS)), PATIENCE))
    assert (told["nvml_up",], told["gpus_answering",]) == (1, 4)
    assert ups(told) == {card.uuid: 1 for card in CARDS}
    assert failures == set()


def test_a_gpu_that_hangs_costs_only_itself():
    steps = [well(CARDS[0]), hang, well(CARDS[2]), well(CARDS[3])]
    told, failures = read(NvmlReader(Script(*steps), BRIEF))
    assert ups(told) == {"GPU-0": 1, "GPU-1": 0, "GPU-2": 1, "GPU-3": 1}
    assert reasons(told) == {"GPU-1": "hanging"}
    assert (told["nvml_up",], told["gpus_answering",]) == (1, 3)
    assert failures == {("gpu", "GPU 1")}


def test_a_gpu_that_crashes_the_library_costs_only_itself():
    steps = [well(CARDS[0]), crash, well(CARDS[2]), well(CARDS[3])]
    told, failures = read(NvmlReader(Script(*steps), PATIENCE))
    assert ups(told) == {"GPU-0": 1, "GPU-1": 0, "GPU-2": 1, "GPU-3": 1}
    assert reasons(told) == {"GPU-1": "crashed"}
    assert failures == {("gpu", "GPU 1")}


def test_a_library_that_crashes_between_gpus_costs_what_was_not_told_before():
    class Crashing(Script):
        def __call__(self, send, skip):
            send(Listed(len(self.cards)))
            send(Begun(self.cards[0]))
            send(well(self.cards[0]))
            crash()

    told, failures = read(NvmlReader(Crashing(), PATIENCE))
    assert [value for key, value in sorted(told.items()) if key[0] == "gpu_up"] == [1, 0, 0, 0]
    assert set(reasons(told).values()) == {"nvml"}
    assert told["nvml_failure_info", "crashed"] == 1
    assert (told["nvml_up",], told["gpus_answering",]) == (0, 1)
    assert failures == {("nvml", "crashed")}


def test_a_library_that_hangs_while_it_is_closed_costs_no_gpu():
    class Closing(Script):
        def __call__(self, send, skip):
            send(Listed(len(self.cards)))
            for card in self.cards:
                send(well(card))
            hang()

    told, failures = read(NvmlReader(Closing(), BRIEF))
    assert set(ups(told).values()) == {1}
    assert failures == {("nvml", "hanging")}


def test_an_error_of_our_own_is_a_crash_with_its_traceback():
    def mistake():
        raise TypeError("nobody thought of this")

    steps = [mistake, *map(well, CARDS[1:])]
    samples = Samples()
    (failure,) = NvmlReader(Script(*steps), PATIENCE).read(samples)
    assert failure.part == "gpu"
    assert failure.text.startswith("GPU 0: Traceback")
    assert "nobody thought of this" in failure.text
    assert (names.GPU_UP, 0.0) in {(sample.metric, sample.value) for sample in samples}


def test_a_library_that_hangs_while_it_is_opened_is_hanging():
    told, failures = read(NvmlReader(lambda send, skip: hang(), BRIEF))
    assert told == {("nvml_up",): 0, ("nvml_failure_info", "hanging"): 1}
    assert failures == {("nvml", "hanging")}


@pytest.mark.parametrize(
    ("reason", "is_failure"),
    [
        ("no_library", False),
        ("no_driver", False),
        ("version_mismatch", False),
        ("forbidden", True),
        ("other", True),
    ],
)
def test_no_driver_is_told_and_is_no_failure_of_ours(reason, is_failure):
    def ask(send, skip):
        send(NoLibrary(reason, "it says"))
        send(Ended())

    told, failures = read(NvmlReader(ask, PATIENCE))
    assert told == {("nvml_up",): 0, ("nvml_failure_info", reason): 1}
    assert failures == ({("nvml", reason)} if is_failure else set())


def test_a_machine_that_starts_no_more_processes_is_told(monkeypatch):
    def full():
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(os, "fork", full)
    told, failures = read(NvmlReader(Script(*map(well, CARDS)), PATIENCE))
    assert told == {("nvml_up",): 0, ("nvml_failure_info", "other"): 1}
    assert failures == {("nvml", "other")}


class Changing:
    """Another script in each pass."""

    def __init__(self, *scripts):
        self.scripts = list(scripts)
        self.asked = []

    def __call__(self, send, skip):
        raise AssertionError("bind it first")

    def reader(self, patience):
        reader = NvmlReader(self, patience)
        self.read = lambda: self._pass(reader)
        return self

    def _pass(self, reader):
        script = self.scripts.pop(0)

        def ask(send, skip):
            script(send, skip)

        reader._ask = ask
        return read(reader)


def test_a_lost_gpu_keeps_the_name_it_had():
    lost = CardRead(CardId(1, ""), Samples(), "lost", ("nvmlDeviceGetHandleByIndex: GPU is lost",))
    cards = (CARDS[0], CardId(1, ""))
    passes = Changing(
        Script(well(CARDS[0]), well(CARDS[1]), cards=CARDS[:2]),
        Script(well(CARDS[0]), lost, cards=cards),
    ).reader(PATIENCE)
    assert ups(passes.read()[0]) == {"GPU-0": 1, "GPU-1": 1}
    told, failures = passes.read()
    assert ups(told) == {"GPU-0": 1, "GPU-1": 0}
    assert reasons(told) == {"GPU-1": "lost"}
    assert failures == {("gpu", "GPU 1")}


def test_gpus_are_down_when_the_driver_goes():
    def gone(send, skip):
        send(NoLibrary("no_driver", "Driver Not Loaded"))
        send(Ended())

    passes = Changing(Script(*map(well, CARDS)), gone).reader(PATIENCE)
    passes.read()
    told, _ = passes.read()
    assert ups(told) == {card.uuid: 0 for card in CARDS}
    assert set(reasons(told).values()) == {"nvml"}
    assert ("gpus_answering",) not in told


def test_the_margin_stays_when_a_hot_card_no_longer_tells_its_threshold():
    card = CARDS[0]
    cool = well(card, (names.TEMPERATURE, 60), (names.SLOWDOWN_TEMPERATURE, 93))
    hot = well(card, (names.TEMPERATURE, 92))
    blind = well(card)
    passes = Changing(*(Script(one, cards=(card,)) for one in (cool, hot, blind))).reader(PATIENCE)
    passes.read()
    told, _ = passes.read()
    assert told["gpu_slowdown_margin_celsius", "0", "GPU-0"] == 1
    assert told["gpu_slowdown_temperature_celsius", "0", "GPU-0"] == 93
    assert ("gpu_slowdown_margin_celsius", "0", "GPU-0") not in passes.read()[0]


def test_a_threshold_is_never_another_cards():
    first = well(CARDS[0], (names.TEMPERATURE, 60), (names.SLOWDOWN_TEMPERATURE, 93))
    other = CardId(0, "GPU-new")
    passes = Changing(
        Script(first, cards=(CARDS[0],)),
        Script(well(other, (names.TEMPERATURE, 60)), cards=(other,)),
    ).reader(PATIENCE)
    passes.read()
    assert not any(key[0] == "gpu_slowdown_margin_celsius" for key in passes.read()[0])


class Held:
    """A driver that does not let go of a killed process: simulated by not killing it."""

    def __init__(self, monkeypatch):
        self.pids = []
        monkeypatch.setattr("deeprig_host.metrics.nvml_wait.kill", self.keep)

    def keep(self, pid, seconds):
        self.pids.append(pid)
        return False

    def let_go(self):
        for pid in self.pids:
            assert stuck.kill(pid, 20)


@pytest.fixture
def held(monkeypatch):
    driver = Held(monkeypatch)
    yield driver
    for pid in driver.pids:
        try:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        except (ProcessLookupError, ChildProcessError):
            continue  # let go in the test


def test_a_gpu_whose_process_cannot_be_killed_is_not_asked_again(held):
    steps = [well(CARDS[0]), hang, well(CARDS[2]), well(CARDS[3])]
    passes = Changing(*(Script(*steps),) * 2, Script(*map(well, CARDS))).reader(BRIEF)
    passes.read()
    assert len(held.pids) == 1
    told, _ = passes.read()
    assert len(held.pids) == 1
    assert ups(told) == {"GPU-0": 1, "GPU-1": 0, "GPU-2": 1, "GPU-3": 1}
    assert reasons(told) == {"GPU-1": "hanging"}
    assert told["gpus_answering",] == 3


def test_a_library_whose_process_cannot_be_killed_is_asked_when_that_has_ended(held):
    def stays(send, skip):
        hang()

    reader = NvmlReader(stays, BRIEF)
    for _ in range(3):
        told, _ = read(reader)
        assert told["nvml_failure_info", "hanging"] == 1
    assert len(held.pids) == 1
    os.kill(held.pids[0], signal.SIGKILL)
    os.waitid(os.P_PID, held.pids[0], os.WEXITED | os.WNOWAIT)  # it is gone; the reader takes it
    reader._ask = Script(*map(well, CARDS))
    reader._patience = PATIENCE
    assert read(reader)[0]["nvml_up",] == 1


def test_no_process_is_left_behind(monkeypatch):
    pids = []

    def remembered(ask, skip):
        pid, incoming = fork(ask, skip)
        pids.append(pid)
        return pid, incoming

    monkeypatch.setattr("deeprig_host.metrics.nvml_wait.fork", remembered)
    read(NvmlReader(Script(well(CARDS[0]), hang, crash, well(CARDS[3])), BRIEF))
    assert len(pids) == 3
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
