"""How tests ask NVML and hear its refusals."""

import pynvml
import pytest


def refused(call, *arguments):
    """Return the code with which NVML refuses a call."""
    with pytest.raises(pynvml.NVMLError) as caught:
        call(*arguments)
    return caught.value.value


def field(device, number):
    [value] = pynvml.nvmlDeviceGetFieldValues(device, [number])
    return value
