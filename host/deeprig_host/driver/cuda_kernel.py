"""Run a CUDA kernel on every GPU by libcuda alone, and compare what it computed.

Self-contained: its source is given to the Python of an environment. Prints one JSON object:
``kernel``, ``evidence`` and ``error`` (None when all is right).
Source: CUDA driver API, PTX ISA (sm_50 and version 5.0 are accepted by every driver since R340).
"""

import ctypes
import json
from typing import Any

_ELEMENTS = 4096
_BLOCK = 256
PTX = b"""
.version 5.0
.target sm_50
.address_size 64
.visible .entry deeprig_add(.param .u64 pa, .param .u64 pb, .param .u64 pc, .param .u32 pn)
{
    .reg .pred %p; .reg .b32 %r<5>; .reg .f32 %f<4>; .reg .b64 %d<8>;
    ld.param.u64 %d1, [pa]; ld.param.u64 %d2, [pb]; ld.param.u64 %d3, [pc];
    ld.param.u32 %r4, [pn];
    mov.u32 %r1, %ctaid.x; mov.u32 %r2, %ntid.x; mov.u32 %r3, %tid.x;
    mad.lo.s32 %r1, %r1, %r2, %r3;
    setp.ge.s32 %p, %r1, %r4;
    @%p bra DONE;
    mul.wide.s32 %d4, %r1, 4;
    cvta.to.global.u64 %d1, %d1; cvta.to.global.u64 %d2, %d2; cvta.to.global.u64 %d3, %d3;
    add.s64 %d5, %d1, %d4; add.s64 %d6, %d2, %d4; add.s64 %d7, %d3, %d4;
    ld.global.f32 %f1, [%d5]; ld.global.f32 %f2, [%d6];
    add.f32 %f3, %f1, %f2;
    st.global.f32 [%d7], %f3;
DONE:
    ret;
}
"""


class CudaError(Exception):
    """A call of the driver API failed."""


class _Driver:
    """libcuda, with each call checked."""

    def __init__(self) -> None:
        self.library = ctypes.CDLL("libcuda.so.1")

    def __call__(self, name: str, *arguments: Any) -> None:
        code = getattr(self.library, name)(*arguments)
        if code:
            raise CudaError(f"{name}: {self._text(code)}")

    def _text(self, code: int) -> str:
        told = []
        for ask in (self.library.cuGetErrorName, self.library.cuGetErrorString):
            text = ctypes.c_char_p()
            ask(code, ctypes.byref(text))
            told.append((text.value or b"").decode(errors="replace"))
        return ": ".join(part for part in told if part) or f"error {code}"


def run() -> dict[str, Any]:
    """Return what was found."""
    try:
        cuda = _Driver()
        count = _gpus(cuda)
        for number in range(count):
            _add_on(cuda, number)
    except (OSError, AttributeError, CudaError) as error:
        return {"kernel": "PTX by libcuda", "evidence": "", "error": str(error)}
    told = f"{_ELEMENTS} sums right on each of {count} GPUs"
    return {"kernel": "PTX by libcuda", "evidence": told, "error": None}


def _gpus(cuda: _Driver) -> int:
    """Return how many GPUs CUDA sees. Raise CudaError when there is none."""
    cuda("cuInit", 0)
    count = ctypes.c_int()
    cuda("cuDeviceGetCount", ctypes.byref(count))
    if count.value == 0:
        raise CudaError("CUDA sees no GPU")
    return count.value


def _add_on(cuda: _Driver, number: int) -> None:
    """Add two vectors on a GPU. Raise CudaError when a call fails or a sum is wrong."""
    device, context = ctypes.c_int(), ctypes.c_void_p()
    cuda("cuDeviceGet", ctypes.byref(device), number)
    cuda("cuCtxCreate_v2", ctypes.byref(context), 0, device)
    try:
        result = _sums(cuda)
    finally:
        cuda.library.cuCtxDestroy_v2(context)
    wrong = sum(value != 3.0 * place for place, value in enumerate(result))
    if wrong:
        raise CudaError(f"GPU {number}: {wrong} of {_ELEMENTS} sums are wrong")


def _sums(cuda: _Driver) -> list[float]:
    vector = ctypes.c_float * _ELEMENTS
    one = vector(*(float(place) for place in range(_ELEMENTS)))
    other = vector(*(2.0 * place for place in range(_ELEMENTS)))
    result = vector()
    size = ctypes.c_size_t(ctypes.sizeof(vector))
    module, function = ctypes.c_void_p(), ctypes.c_void_p()
    cuda("cuModuleLoadData", ctypes.byref(module), ctypes.c_char_p(PTX))
    cuda("cuModuleGetFunction", ctypes.byref(function), module, b"deeprig_add")
    pointers = [ctypes.c_uint64() for _ in range(3)]
    for pointer in pointers:
        cuda("cuMemAlloc_v2", ctypes.byref(pointer), size)
    for pointer, values in zip(pointers, (one, other, result)):  # noqa: B905 - any Python 3
        cuda("cuMemcpyHtoD_v2", pointer, values, size)
    arguments = [*pointers, ctypes.c_int(_ELEMENTS)]
    table = (ctypes.c_void_p * 4)(*(ctypes.addressof(value) for value in arguments))
    grid = (_ELEMENTS // _BLOCK, 1, 1, _BLOCK, 1, 1, 0)
    cuda("cuLaunchKernel", function, *grid, None, table, None)
    cuda("cuCtxSynchronize")
    cuda("cuMemcpyDtoH_v2", result, pointers[2], size)
    return list(result)


if __name__ == "__main__":
    print(json.dumps(run()))  # noqa: T201 - its answer
