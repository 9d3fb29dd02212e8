"""What is not known leaves no series, and no series is there twice."""

import pytest
from deeprig_host.metrics import names
from deeprig_host.metrics.samples import Samples


def values(samples):
    return {(sample.metric.name, sample.labels): sample.value for sample in samples}


def test_none_and_what_is_no_number_leave_no_series():
    samples = Samples()
    for value in (None, float("nan"), float("inf"), float("-inf")):
        samples.add(names.POWER, value, "0", "GPU-0")
    assert len(samples) == 0
    samples.add(names.POWER, 0, "0", "GPU-0")
    assert values(samples) == {("deeprig_gpu_power_watts", ("0", "GPU-0")): 0.0}


def test_the_same_labels_twice_are_one_series():
    samples = Samples()
    samples.add(names.POWER, 1, "0", "GPU-0")
    samples.add(names.POWER, 2, "0", "GPU-0")
    assert list(values(samples).values()) == [2.0]


@pytest.mark.parametrize("labels", [(), ("0",), ("0", "GPU-0", "more")])
def test_labels_are_the_metrics(labels):
    with pytest.raises(ValueError, match="has labels"):
        Samples().add(names.POWER, 1, *labels)


def test_a_closed_label_has_only_its_values():
    with pytest.raises(ValueError, match="has no reason 'because'"):
        Samples().add(names.NVML_FAILURE, 1, "because")


def test_a_label_is_made_writable_and_short():
    samples = Samples()
    samples.add(names.GPU_INFO, 1, "0", "GPU-0", "half \ud800 and\nline\x00", "a" * 500, "")
    (sample,) = samples
    assert sample.labels[2:] == ("half ? and?line?", "a" * 120, "")


def test_one_is_chosen_and_the_others_are_0():
    samples = Samples()
    samples.choose(names.COOLING_MODE, "failsafe", "0", "GPU-0")
    told = {sample.labels[-1]: sample.value for sample in samples}
    assert set(told) == set(names.COOLING_MODES)
    assert {mode for mode, value in told.items() if value} == {"failsafe"}
