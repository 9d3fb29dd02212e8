"""A refusal of NVML is told as what it is, and is never a value."""

import pynvml
import pytest
from deeprig_host.gpu.answers import Unanswered, ask, known


def refusing(code):
    def nvmlDeviceGetFanSpeed(handle):  # noqa: N802 - NVML's name
        raise pynvml.NVMLError(code)

    return nvmlDeviceGetFanSpeed


@pytest.mark.parametrize(
    ("code", "kinds"),
    [
        (pynvml.NVML_ERROR_NOT_SUPPORTED, (True, False, False)),
        (pynvml.NVML_ERROR_FUNCTION_NOT_FOUND, (True, False, False)),
        (pynvml.NVML_ERROR_GPU_IS_LOST, (False, True, False)),
        (pynvml.NVML_ERROR_UNINITIALIZED, (False, True, False)),
        (pynvml.NVML_ERROR_NO_PERMISSION, (False, False, True)),
        (pynvml.NVML_ERROR_UNKNOWN, (False, False, False)),
    ],
)
def test_a_refusal_tells_its_kind(code, kinds):
    answer = ask(refusing(code), None)
    assert isinstance(answer, Unanswered)
    assert (answer.is_unsupported, answer.is_lost, answer.is_forbidden) == kinds
    assert str(answer).startswith("nvmlDeviceGetFanSpeed: ")
    assert known(answer) is None


def test_an_answer_is_itself_and_a_surprise_is_not_hidden():
    assert ask(abs, -3) == known(3) == 3
    with pytest.raises(TypeError):
        ask(abs, None)
