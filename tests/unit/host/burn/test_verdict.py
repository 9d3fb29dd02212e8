"""What a burn proves, rule by rule: each passes, fails, and is no pass where nothing is known."""

from dataclasses import replace

import pytest
from deeprig_host.alerts.xid_lines import Xid
from deeprig_host.burn import verdict
from deeprig_host.burn.limits import Limits
from deeprig_host.burn.samples import Counters, Sample
from deeprig_host.burn.told import BadLine, End, MemoryReady, Pass, Ready, Second, parse
from deeprig_host.gpu.errors import RemappedRows

READY = Ready("Card", "bfloat16", 8192, "ab" * 32, 0.01, 0.05, 4, "2.13.0")
SECOND = Second(100.0, 1.0, 100, 25, 0, 0.0, is_plain=False)
STEADY = (SECOND,) * 40
COOL = Sample(1.0, 60, None, 1800, 2000, 340.0, 99, ())
ROWS = RemappedRows(0, 0, is_pending=False, has_failed=False)
NOTHING = Counters(0, 0, ROWS, is_retirement_pending=False)
WATCHED = verdict.Watched("GPU 0", "0000:01:00.0", (COOL,) * 40, NOTHING, NOTHING)
LIMITS = Limits()


def bad(checks):
    return {check.name.partition(": ")[2] or check.name for check in checks if not check.is_good}


def work(**changes):
    burned = replace(verdict.Burned("GPU 0", READY, STEADY, ""), **changes)
    return verdict.work_checks(burned, LIMITS, is_gpu=True)


def sensors(xids=(), **changes):
    return verdict.sensor_checks(replace(WATCHED, **changes), xids, LIMITS)


def sampled(**changes):
    return (*(COOL,) * 39, replace(COOL, **changes))


def test_a_steady_right_and_cool_card_passes():
    assert bad(work()) == set()
    assert bad(sensors()) == set()


@pytest.mark.parametrize(
    ("changes", "failed"),
    [
        ({"fault": "exit 1"}, "worked to the end"),
        ({"ready": None}, "worked to the end"),
        ({"ready": replace(READY, difference=0.06)}, "the product is right"),
        (
            {"seconds": (*STEADY, replace(SECOND, wrong=1, largest_difference=0.5))},
            "every product is the first one's, bit for bit",
        ),
        ({"seconds": ()}, "every product is the first one's, bit for bit"),
        ({"seconds": (*STEADY, *(replace(SECOND, tflops=89.0),) * 20)}, "as fast at the end"),
        ({"seconds": STEADY[:10]}, "as fast at the end"),
        ({"seconds": (replace(SECOND, tflops=0.0),) * 40}, "as fast at the end"),
    ],
)
def test_work_that_is_no_proof_fails(changes, failed):
    if changes == {"ready": None}:
        changes = {"ready": None, "fault": "never ready"}
    assert failed in bad(work(**changes))


def test_the_window_is_a_minute_and_the_first_seconds_are_not_in_it():
    slow_start = (replace(SECOND, tflops=10.0),) * 5
    assert verdict.throughput_ratio((*slow_start, *STEADY), LIMITS) == pytest.approx(1.0)
    # Of a long burn the last minute counts, not its last third.
    fell = (*(SECOND,) * 540, *(replace(SECOND, tflops=80.0),) * 60)
    assert verdict.throughput_ratio((*slow_start, *fell), LIMITS) == pytest.approx(0.8)


def test_seconds_without_comparing_are_no_throughput():
    plain = replace(SECOND, tflops=200.0, is_plain=True)
    assert verdict.throughput_ratio((*STEADY, *(plain,) * 30), LIMITS) == pytest.approx(1.0)
    assert verdict.share_of_plain((*STEADY, plain)) == pytest.approx(0.5)
    assert verdict.share_of_plain(STEADY) is None


def test_cards_of_one_kind_must_compute_the_same():
    one = verdict.Burned("GPU 0", READY, STEADY, "")
    same = verdict.Burned("GPU 1", READY, STEADY, "")
    other = verdict.Burned("GPU 2", replace(READY, sha256="cd" * 32), STEADY, "")
    kin = verdict.Burned("GPU 3", replace(READY, device="Other", sha256="cd" * 32), STEADY, "")
    assert verdict.across_checks((one,)) == ()
    assert verdict.across_checks((one, kin)) == ()
    assert bad(verdict.across_checks((one, same))) == set()
    (check,) = verdict.across_checks((one, same, other))
    assert not check.is_good
    assert "GPU 2: cdcdcdcdcdcd" in check.actual


@pytest.mark.parametrize(
    ("changes", "failed"),
    [
        ({"samples": sampled(is_lost=True)}, "there all the time"),
        ({"samples": (replace(COOL, temperature_c=None),) * 40}, "its temperature was read"),
        ({"samples": (replace(COOL, load_percent=70),) * 40}, "it was loaded"),
        ({"samples": (replace(COOL, load_percent=None),) * 40}, "it was loaded"),
        (
            {"samples": sampled(reasons=("hardware_thermal",))},
            "no slowdown by heat or power in hardware",
        ),
        (
            {"samples": sampled(reasons=("hardware_power_brake",))},
            "no slowdown by heat or power in hardware",
        ),
        ({"samples": sampled(reasons=("hardware_slowdown",))},
         "no slowdown by heat or power in hardware"),
        ({"after": replace(NOTHING, uncorrected=1)}, "no uncorrected memory error"),
        ({"after": replace(NOTHING, uncorrected=None)}, "no uncorrected memory error"),
        (
            {"after": replace(NOTHING, remapped=replace(ROWS, uncorrected=1))},
            "no row of memory was remapped",
        ),
        ({"after": replace(NOTHING, remapped=None)}, "no row of memory was remapped"),
        ({"xids": (Xid("0000:01:00.0", 79, "GPU has fallen off the bus"),)}, "no Xid error"),
        ({"xids": None}, "no Xid error"),
    ],
)  # fmt: skip
def test_a_card_in_trouble_or_unknown_fails(changes, failed):
    assert bad(sensors(**changes)) == {failed}


def test_reasons_that_are_not_told_are_no_pass():
    assert bad(sensors(samples=(replace(COOL, reasons=None),) * 40)) == {
        "no slowdown by heat or power in hardware",
        "not slowed down by heat in software",
    }


def test_a_card_that_was_never_looked_at_proves_nothing():
    assert len(bad(sensors(samples=()))) == 5


def test_how_a_card_is_meant_to_work_is_no_trouble():
    reasons = ("gpu_idle", "software_power_cap", "sync_boost")
    assert bad(sensors(samples=(replace(COOL, reasons=reasons),) * 40)) == set()
    warm = sampled(reasons=("software_thermal",))
    assert bad(sensors(samples=warm)) == set()
    for_long = (*warm, *(replace(COOL, reasons=("software_thermal",)),) * 10)
    assert bad(sensors(samples=for_long)) == {"not slowed down by heat in software"}
    # Nor is another card's error this one's.
    assert bad(sensors(xids=(Xid("0000:02:00.0", 79, "x"),))) == set()
    # A card without ECC has nothing to tell.
    without = replace(NOTHING, uncorrected=None, remapped=None)
    checks = sensors(before=without, after=without)
    assert bad(checks) == set()
    assert not any("memory" in check.name for check in checks)


@pytest.mark.parametrize(
    ("ready", "passes", "fault", "is_good"),
    [
        (MemoryReady(1000), [Pass(256, 0)], "", True),
        (MemoryReady(1000), [Pass(256, 0), Pass(256, 1)], "", False),
        (MemoryReady(1000), [], "", False),
        (None, [Pass(256, 0)], "", False),
        (MemoryReady(1000), [Pass(256, 0)], "signal 9", False),
    ],
)
def test_memory(ready, passes, fault, is_good):
    (check,) = verdict.memory_checks(ready, passes, fault)
    assert check.is_good is is_good


@pytest.mark.parametrize(
    "line",
    [
        "",
        "[]",
        "{}",
        '{"event": "more"}',
        '{"event": "second"}',
        '{"event": "pass", "mebibytes": "x", "wrong": 0}',
        '{"event": "second", "tflops": NaN, "cpu_seconds": 1, "products": 1, "compared": 1,'
        ' "wrong": 0, "largest_difference": 0, "is_plain": false}',
        "Traceback (most recent call last):",
    ],
)
def test_what_no_worker_says_is_no_word_of_one(line):
    with pytest.raises(BadLine):
        parse(line)


def test_words_of_workers():
    assert parse('{"event": "end"}') == End()
    assert parse('{"event": "pass", "mebibytes": 256, "wrong": 0}') == Pass(256, 0)
