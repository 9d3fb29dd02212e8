"""The power goes while a stock host is provisioned: it boots, and the next run goes on to the end.

Every process of the host ends at once (SIGKILL). What was written stays written: that a disk loses
what was not synced is the virtual machine's case (test_reset.py).
"""

from __future__ import annotations

import pytest

from tests.e2e.faults import rows
from tests.e2e.faults.catalogue import SEEDS
from tests.e2e.faults.cut_points import CutPoint, wait_for
from tests.e2e.faults.fault_lab import HOST
from tests.e2e.faults.rows import Row
from tests.e2e.faults.verbose_run import VerboseRun

#: One in dpkg's work and one elsewhere run always; the others with script/test --full.
_ALWAYS = (2, 5)
_SEEDS = tuple(
    seed if seed in _ALWAYS else pytest.param(seed, marks=pytest.mark.full) for seed in SEEDS
)


@pytest.mark.parametrize("seed", _SEEDS)
def test_a_power_cut_is_caught_up_by_the_next_run(stock, whole, seed):
    point = CutPoint.of(seed)
    run = VerboseRun(stock)
    wait_for(point, whole, run.done, run.process)
    stock.cut_the_power()
    stock.boot()
    assert run.process.wait(timeout=120) == 3, run.told()
    assert "Traceback" not in run.told()
    assert f"[{HOST}] unreachable" in run.told()
    after = "boots and answers"
    stock.root("true")
    rows.record(stock, Row(f"power cut: {point.told}", str(seed), "3", "unreachable", after, ""))
