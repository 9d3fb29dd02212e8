"""Temperatures and limits as each generation of driver and card tells them."""

import ctypes

import pynvml
import pytest
from deeprig_host.gpu import thermal
from deeprig_host.gpu.answers import Unanswered
from deeprig_host.gpu.thermal import Thresholds, memory_c, temperature_c, thresholds

NOT_SUPPORTED = pynvml.NVML_ERROR_NOT_SUPPORTED
SHUTDOWN, SLOWDOWN = (
    pynvml.NVML_FI_DEV_TEMPERATURE_SHUTDOWN_TLIMIT,
    pynvml.NVML_FI_DEV_TEMPERATURE_SLOWDOWN_TLIMIT,
)
GPU_MAX, MEMORY = pynvml.NVML_FI_DEV_TEMPERATURE_GPU_MAX_TLIMIT, pynvml.NVML_FI_DEV_MEMORY_TEMP


class FakeNvml:
    """Answers of NVML by call; what is not there is not supported."""

    def __init__(self):
        self.temperature = 40
        self.margin = None
        self.fields = {}
        self.limits = {}
        self.old_only = False

    def answer(self, value):
        if value is None:
            raise pynvml.NVMLError(NOT_SUPPORTED)
        if isinstance(value, pynvml.NVMLError):
            raise value
        return value

    def field_values(self, _handle, fields):
        values = (pynvml.c_nvmlFieldValue_t * len(fields))()
        for value, field in zip(values, fields, strict=True):
            kind, number = self.fields.get(field, (None, 0))
            value.nvmlReturn = NOT_SUPPORTED if kind is None else pynvml.NVML_SUCCESS
            value.valueType = kind or 0
            # As the driver does: only the bytes of its own type are written.
            name = {
                pynvml.NVML_VALUE_TYPE_DOUBLE: "dVal",
                pynvml.NVML_VALUE_TYPE_SIGNED_INT: "siVal",
                pynvml.NVML_VALUE_TYPE_SIGNED_LONG_LONG: "sllVal",
            }.get(kind, "uiVal")
            if kind is not None:
                wrapped = ctypes.c_uint(number).value if name == "uiVal" else number
                setattr(value.value, name, wrapped)
        return values


@pytest.fixture
def nvml(monkeypatch):
    fake = FakeNvml()

    def new_call(_handle, _sensor):
        if fake.old_only:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_FUNCTION_NOT_FOUND)
        return fake.answer(fake.temperature)

    for name, call in {
        "nvmlDeviceGetTemperatureV": new_call,
        "nvmlDeviceGetTemperature": lambda handle, sensor: fake.answer(fake.temperature),
        "nvmlDeviceGetMarginTemperature": lambda handle: fake.answer(fake.margin),
        "nvmlDeviceGetTemperatureThreshold": lambda handle, which: fake.answer(
            fake.limits.get(which)
        ),
        "nvmlDeviceGetFieldValues": fake.field_values,
    }.items():
        monkeypatch.setattr(thermal.pynvml, name, call)
    return fake


@pytest.mark.parametrize("old_only", [False, True])
def test_the_temperature_by_the_new_call_or_the_old(nvml, old_only):
    nvml.old_only = old_only
    assert temperature_c(None) == 40
    nvml.temperature = pynvml.NVMLError(pynvml.NVML_ERROR_GPU_IS_LOST)
    told = temperature_c(None)
    assert isinstance(told, Unanswered)
    assert told.is_lost


def test_a_lost_card_is_not_asked_by_the_old_call_too(nvml, monkeypatch):
    nvml.temperature = pynvml.NVMLError(pynvml.NVML_ERROR_GPU_IS_LOST)
    monkeypatch.setattr(thermal.pynvml, "nvmlDeviceGetTemperature", lambda *_: pytest.fail("asked"))
    assert isinstance(temperature_c(None), Unanswered)


@pytest.mark.parametrize(
    ("field", "celsius"),
    [
        ((pynvml.NVML_VALUE_TYPE_UNSIGNED_INT, 84), 84),
        ((pynvml.NVML_VALUE_TYPE_DOUBLE, 83.6), 84),
        ((pynvml.NVML_VALUE_TYPE_UNSIGNED_INT, 0), None),
        (None, None),
    ],
)
def test_the_memory_s_temperature_where_it_has_a_sensor(nvml, field, celsius):
    if field is not None:
        nvml.fields[MEMORY] = field
    told = memory_c(None)
    assert (None if isinstance(told, Unanswered) else told) == celsius
    if celsius is None:
        assert told.is_unsupported
        assert "memory temperature" in str(told)


@pytest.mark.parametrize(
    "kind",
    [
        pynvml.NVML_VALUE_TYPE_SIGNED_INT,
        pynvml.NVML_VALUE_TYPE_SIGNED_LONG_LONG,
        pynvml.NVML_VALUE_TYPE_UNSIGNED_INT,
    ],
)
def test_limits_come_from_the_margins_whatever_their_type(nvml, kind):
    nvml.margin = 48
    nvml.fields = {SHUTDOWN: (kind, -8), SLOWDOWN: (kind, -2), GPU_MAX: (kind, 0)}
    nvml.limits = {pynvml.NVML_TEMPERATURE_THRESHOLD_MEM_MAX: 95}
    assert thresholds(None) == Thresholds(90, 96, 95, 88)


@pytest.mark.parametrize("margin", [0, -3, None])
def test_a_margin_that_is_none_is_ignored_and_the_old_call_asked(nvml, margin):
    nvml.margin = margin
    nvml.fields = {SLOWDOWN: (pynvml.NVML_VALUE_TYPE_SIGNED_INT, -2)}
    nvml.limits = {pynvml.NVML_TEMPERATURE_THRESHOLD_SLOWDOWN: 93}
    assert thresholds(None) == Thresholds(slowdown_c=93)


@pytest.mark.parametrize("celsius", [0, 49, 131, 255])
def test_a_limit_that_no_card_has_is_unknown(nvml, celsius):
    nvml.limits = {pynvml.NVML_TEMPERATURE_THRESHOLD_SLOWDOWN: celsius}
    assert thresholds(None) == Thresholds()
