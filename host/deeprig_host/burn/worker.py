"""Multiply matrices on one device, again and again, and compare the results: a program of its own.

Run as ``PYTHON -I worker.py``: by the Python of the environment that is proven, which has PyTorch
and nothing of deeprig's, so that this file imports neither deeprig nor anything else. It prints
``ready``, waits for a line on its standard input (so that all devices start together), then prints
one JSON object per second, and ``end``.
"""

from __future__ import annotations

import argparse
import ctypes
import hashlib
import json
import math
import os
import signal
import sys
import time
from typing import Any

#: Of the time of the products, that comparing them may cost.
_COMPARING_SHARE = 0.04
#: Each tenth second is one of products only: what comparing costs is measured, not assumed.
_PLAIN_EACH = 10
_PLAIN_FIRST = 4
#: Largest difference from the product in double precision, of values around 1 (up to about 5).
#: Half a unit in the last place there is 0.016 (bfloat16), 0.002 (float16), 2e-7 (float32); the
#: rest is for the order of the sums.
_BOUNDS = {"bfloat16": 0.05, "float16": 0.02, "float32": 1e-3}
_GPU_SIZE, _CPU_SIZE = 8192, 1024
_MEMORY_SHARE = 0.25
_CORNER = 64
_PR_SET_PDEATHSIG = 1


def main() -> int:
    """Burn; return 0 when the time was worked through, 1 where the device is not there."""
    options = _options()
    # No burn goes on unseen, whatever ends its parent.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    import torch

    if options.device.startswith("cuda") and not torch.cuda.is_available():
        _print("failed", reason=f"CUDA is not available to PyTorch {torch.__version__}")
        return 1
    burn = Burn(torch, options)
    _print("ready", **burn.described())
    sys.stdin.readline()
    burn.work(time.monotonic() + options.seconds)
    _print("end")
    return 0


class Burn:
    """Two matrices on a device, the first product of them, and how the others compare with it."""

    def __init__(self, torch: Any, options: argparse.Namespace) -> None:
        """Make the matrices from a seed, on the CPU: the same for every device of one type."""
        self.torch = torch
        self.device = torch.device(options.device)
        self.kind = options.type or self._fast_type()
        self.size = options.size or self._fitting_size()
        torch.backends.cuda.matmul.allow_fp16_reduced_precision_reduction = False
        torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction = False
        dtype = getattr(torch, self.kind)
        random = torch.Generator().manual_seed(options.seed)
        shape = (self.size, self.size)
        scale = 1 / math.sqrt(self.size)
        self.a = (torch.randn(shape, generator=random) * scale).to(dtype).to(self.device)
        self.b = torch.randn(shape, generator=random).to(dtype).to(self.device)
        self.first = self.a @ self.b
        self.product = torch.empty_like(self.first)
        self.each = self._compare_each()

    def described(self) -> dict[str, Any]:
        """Return what is multiplied where, the first product's digest, and whether it is right."""
        name = "cpu"
        if self.device.type == "cuda":
            name = self.torch.cuda.get_device_name(self.device)
        raw = self.first.cpu().view(self.torch.uint8).numpy().tobytes()
        return {
            "device": name,
            "type": self.kind,
            "size": self.size,
            "compared_each": self.each,
            "sha256": hashlib.sha256(raw).hexdigest(),
            "difference": self._difference(),
            "bound": _BOUNDS[self.kind],
            "torch": str(self.torch.__version__),
        }

    def work(self, until: float) -> None:
        """Multiply until then, and tell of each second."""
        second = 0
        while time.monotonic() < until:
            is_plain = second % _PLAIN_EACH == _PLAIN_FIRST
            self._second(is_plain=is_plain)
            second += 1

    def _second(self, *, is_plain: bool) -> None:
        began, cpu_began = time.monotonic(), time.process_time()
        steps = compared = wrong = 0
        largest = 0.0
        while True:
            for _ in range(self.each):
                self.torch.mm(self.a, self.b, out=self.product)
            steps += self.each
            if is_plain:
                self._wait()
            else:
                compared += 1
                if not self.torch.equal(self.product, self.first):
                    wrong += 1
                    largest = max(largest, self._distance())
            seconds = time.monotonic() - began
            if seconds >= 1.0:
                break
        operations = 2.0 * self.size**3 * steps
        _print(
            "second",
            seconds=round(seconds, 4),
            cpu_seconds=round(time.process_time() - cpu_began, 4),
            tflops=operations / seconds / 1e12,
            products=steps,
            compared=compared,
            wrong=wrong,
            # JSON has no infinity: what is not a number is told as the largest that there is.
            largest_difference=largest if math.isfinite(largest) else sys.float_info.max,
            is_plain=is_plain,
        )

    def _distance(self) -> float:
        return float((self.product.float() - self.first.float()).abs().max())

    def _difference(self) -> float:
        """Return how far a corner of the first product is from double precision."""
        rows, columns = self.a[:_CORNER].double().cpu(), self.b[:, :_CORNER].double().cpu()
        right = rows @ columns
        seen = self.first[:_CORNER, :_CORNER].double().cpu()
        difference = float((right - seen).abs().max())
        return difference if math.isfinite(difference) else sys.float_info.max

    def _compare_each(self) -> int:
        """Return of how many products one is compared, so that comparing costs little."""
        product = self._timed(lambda: self.torch.mm(self.a, self.b, out=self.product))
        compare = self._timed(lambda: self.torch.equal(self.product, self.first))
        return max(1, math.ceil(compare / (_COMPARING_SHARE * product)))

    def _timed(self, call: Any, times: int = 5) -> float:
        call()
        self._wait()
        began = time.perf_counter()
        for _ in range(times):
            call()
        self._wait()
        return (time.perf_counter() - began) / times

    def _wait(self) -> None:
        if self.device.type == "cuda":
            self.torch.cuda.synchronize(self.device)

    def _fast_type(self) -> str:
        """Return the type that the device's matrix units multiply: what training uses."""
        if self.device.type != "cuda":
            return "float32"
        major, _ = self.torch.cuda.get_device_capability(self.device)
        return "bfloat16" if major >= 8 else "float16" if major >= 7 else "float32"

    def _fitting_size(self) -> int:
        if self.device.type != "cuda":
            return _CPU_SIZE
        free, _ = self.torch.cuda.mem_get_info(self.device)
        size = _GPU_SIZE
        # Two matrices, two products, in at most four bytes, and what cuBLAS takes.
        while size > _CPU_SIZE and 4 * 4 * size**2 > free * _MEMORY_SHARE:
            size //= 2
        return size


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", required=True, help="cpu or cuda:0")
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--size", type=int, help="rows of the square matrices")
    parser.add_argument("--type", choices=sorted(_BOUNDS))
    return parser.parse_args()


def _print(event: str, **told: Any) -> None:
    sys.stdout.write(json.dumps({"event": event, **told}) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    # cuBLAS: the same bits again need a workspace of a fixed size, set before its first use.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    sys.exit(main())
