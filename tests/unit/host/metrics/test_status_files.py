"""Status files of deeprig's own programs, good and bad."""

import pytest
from deeprig_host.metrics import cooling, statuses
from deeprig_host.metrics.part import PartFailed
from deeprig_host.metrics.samples import Samples

VERIFY = "/var/lib/deeprig/status/verify.json"
GOOD = {
    "schema": "deeprig.status/1",
    "what": "verify",
    "time": 1_790_000_000,
    "ok": False,
    "failed": 3,
    "text": "3 checks failed",
}
GPU = {
    "uuid": "GPU-0",
    "index": 0,
    "name": "Simulated card",
    "mode": "failsafe",
    "reason": "no answer",
    "temperature_c": 61,
    "memory_c": None,
    "slowdown_c": 93,
    "target_percent": 100,
    "fans": [{"percent": 100, "rpm": 3000}],
    "power_w": 187.5,
    "power_limit_w": 350,
    "load_percent": 97,
}
COOLING = {
    "schema": "deeprig.cooling/1",
    "time": 1_790_000_000.5,
    "pid": 7,
    "gpus": [GPU, GPU | {"index": 1, "uuid": "GPU-1", "mode": "monitor", "target_percent": None}],
}


def told(samples):
    return {
        (sample.metric.name.removeprefix("deeprig_"), *sample.labels): sample.value
        for sample in samples
    }


def read(part, files):
    samples = Samples()
    part.read(files.machine, samples)
    return told(samples)


def test_a_status_is_told_with_its_time(files):
    files.place(VERIFY, GOOD)
    assert read(statuses, files) == {
        ("status_ok", "verify"): 0,
        ("status_timestamp_seconds", "verify"): 1_790_000_000,
        ("status_failed", "verify"): 3,
    }


def test_a_host_without_statuses_tells_nothing(files):
    assert read(statuses, files) == read(cooling, files) == {}


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "{",
        "[" * 100_000,
        "[]",
        GOOD | {"schema": "deeprig.status/2"},
        GOOD | {"what": "apply"},
        GOOD | {"ok": "yes"},
        GOOD | {"time": "now"},
        GOOD | {"failed": True},
        GOOD | {"time": 10**400},
    ],
)
def test_a_bad_status_costs_only_itself(files, bad):
    files.place(VERIFY, bad)
    files.place("/var/lib/deeprig/status/backup.json", GOOD | {"what": "backup", "ok": True})
    samples = Samples()
    with pytest.raises(PartFailed):
        statuses.read(files.machine, samples)
    assert {key[1] for key in told(samples)} == {"backup"}


def test_a_status_that_is_no_utf_8_is_refused(files):
    files.place(VERIFY, "").write_bytes(b"\xff\xfe")
    with pytest.raises(PartFailed, match="not JSON"):
        read(statuses, files)


def test_a_status_that_cannot_be_opened_is_refused_by_name(files):
    files.place(VERIFY, "{}").unlink()
    files.machine.path(VERIFY).mkdir()
    with pytest.raises(PartFailed, match=r"verify\.json: Is a directory"):
        read(statuses, files)


def test_a_number_that_is_not_known_has_no_series(files):
    files.place(VERIFY, GOOD | {"failed": None})
    assert ("status_failed", "verify") not in read(statuses, files)


def test_the_cooling_daemon_tells_its_loop_and_each_mode(files):
    files.place(cooling.STATUS, COOLING)
    seen = read(cooling, files)
    assert seen["cooling_up",] == 1
    assert seen["cooling_loop_timestamp_seconds",] == 1_790_000_000.5
    assert seen["cooling_mode", "0", "GPU-0", "failsafe"] == 1
    assert seen["cooling_mode", "0", "GPU-0", "curve"] == 0
    assert seen["cooling_mode", "1", "GPU-1", "monitor"] == 1
    assert seen["cooling_target_ratio", "0", "GPU-0"] == 1
    assert ("cooling_target_ratio", "1", "GPU-1") not in seen


def test_a_card_that_was_never_heard_of_has_no_uuid(files):
    lost = GPU | {"uuid": None, "mode": "lost", "target_percent": None}
    files.place(cooling.STATUS, COOLING | {"gpus": [lost]})
    assert read(cooling, files)["cooling_mode", "0", "", "lost"] == 1


def test_a_daemon_that_is_configured_and_silent_is_down(files):
    files.place(cooling.CONFIGURATION, "[cooling]\n")
    assert read(cooling, files) == {("cooling_up",): 0}


@pytest.mark.parametrize(
    "bad",
    [
        COOLING | {"gpus": None},
        COOLING | {"gpus": ["GPU-0"]},
        COOLING | {"gpus": [GPU | {"index": "0"}]},
        COOLING | {"gpus": [GPU | {"mode": "sleepy"}]},
        COOLING | {"gpus": [GPU | {"uuid": 7}]},
        COOLING | {"gpus": [GPU | {"target_percent": "full"}]},
        COOLING | {"time": "now"},
        COOLING | {"schema": "other"},
    ],
)
def test_a_status_of_the_daemon_that_is_not_as_agreed_is_refused(files, bad):
    files.place(cooling.STATUS, bad)
    with pytest.raises(PartFailed):
        read(cooling, files)
