"""How large a change of a number is no drop, with the measurement behind it. Data."""

from __future__ import annotations

#: A change below this share is no drop, however evenly a machine ran before: throughput of the
#: same work on the same machine varies by some percent with temperature and what else runs.
SMALLEST_DROP = 0.10
#: What takes milliseconds: other work of the machine moves it far more than its own speed.
#: Measured with PyTorch 2.13.0 in six runs on a machine of two busy cores: a prediction took
#: 5.8 to 14.6 ms, writing the log 12 to 34 ms.
_SMALLEST_DROPS = {
    "service: one prediction": 1.5,
    "tensorboard: writing the log": 2.0,
    # Digits are small: what else the CPU does counts as much as the GPU. The same machine, busy:
    # 5,900 to 12,700, 7,600 to 16,200 and 13,700 to 22,600 images a second in four runs. How fast a
    # GPU itself is, the products and the burn tell.
    "cnn: images": 0.6,
    "sgd: images": 0.6,
    "recurrent: images": 0.6,
}


def smallest_drop(test: str) -> float:
    """Return the share of the median below which a change of this number is no drop."""
    return _SMALLEST_DROPS.get(test, SMALLEST_DROP)
