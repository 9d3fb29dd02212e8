"""An hour of load on simulated cards under three controllers: writes docs/cooling-hour.md.

    python benchmarks/cooling_hour.py            # and docs/images/cooling-hour.svg
    python benchmarks/cooling_hour.py --no-cost  # leaves what the last measurement of cost said

The hour is virtual and the same at every run; the cost is measured on this machine (over a minute).
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from datetime import datetime, timezone
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "host")]

# ruff: noqa: E402 - all that follows needs the path
from benchmarks.cooling_cost import CARDS, Cost, measure_cost
from tests.sim.thermal.api import Plant, build_library
from tests.sim.thermal.controllers import CoolGpus, Firmware, our_daemon
from tests.sim.thermal.hour import SCENARIOS, Scenario, Trace, run_hour
from tests.sim.thermal.hour_picture import draw
from tests.sim.thermal.inside import nvml_of
from tests.sim.thermal.measures import SETTLED_AFTER_SECONDS, TOLERANCE_C, Measures, measure

PAGE = ROOT / "docs" / "cooling-hour.md"
IMAGE = ROOT / "docs" / "images" / "cooling-hour.svg"
OURS, PUBLISHED, DEFAULT = "deeprig", "coolgpus' curve", "the card itself"
_COST = "<!-- cost -->"
_HEAD = f"""# An hour of load, three controllers

Written by `benchmarks/cooling_hour.py`. **The cards are simulated** (`tests/sim/thermal/README.md`
says how, which of their numbers are published and which chosen) and were never compared with a real
one: this shows what the controllers do on *a* card of plausible size, not how warm yours will be.
Every row is the same machine and the same hour, in virtual time, and the same at every run.

- **{OURS}**: the daemon itself, `host/deeprig_host/cooling`, as it runs on a host, told a target.
- **{PUBLISHED}**: the published rule of [coolgpus](https://github.com/andyljones/coolgpus): a line
  from 30 % at 55 °C to 99 % at 80 °C, a gap of 2 °C in which the speed stays, every 5 s. Its rule
  written anew, on all fans of a card; not its program, which needs an X server. It knows no target.
- **{DEFAULT}**: the automatic control of the simulated firmware: still below 50 °C, 30 % at 60 °C,
  75 % at 85 °C (chosen); the blowers' at most 50 %, as coolgpus' readme tells. It knows no target.

![temperature and fan speed over the hour](images/cooling-hour.svg)

Load: idle, full from minute 2, 40 % from 18, full from 23, with pauses of 10 s from 29 to 39, then
75 %, a pause at 49, full from 50 to 60. All temperatures are of the hottest card. *Settled*: from
{SETTLED_AFTER_SECONDS} s after it first came within {TOLERANCE_C:g} °C of the target since a step.
"""


def main() -> None:
    """Run the hour and write page and picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--no-cost", action="store_true", help="do not measure what it costs")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        work = Path(directory)
        library = build_library(work / "library")
        traces = {scenario.name: _hours(scenario, library, work) for scenario in SCENARIOS}
        cost = _kept_cost() if options.no_cost else _told_cost(measure_cost(library, work))
    IMAGE.parent.mkdir(parents=True, exist_ok=True)
    IMAGE.write_text(draw(traces), encoding="utf-8")
    tables = [_table(scenario, traces[scenario.name]) for scenario in SCENARIOS]
    PAGE.write_text("\n".join((_HEAD, *tables, _COST, cost)), encoding="utf-8")


def _hours(scenario: Scenario, library: Path, work: Path) -> dict[str, Trace]:
    plant = Plant(work / "plant", library.parent)
    with nvml_of(library, plant.directory):
        with our_daemon(scenario.target_c) as daemon:
            ours = run_hour(plant, scenario, daemon)
        published = run_hour(plant, scenario, CoolGpus())
        default = run_hour(plant, scenario, Firmware())
    return {OURS: ours, PUBLISHED: published, DEFAULT: default}


_COLUMNS = (
    "controller",
    "hottest",
    "above target + 2 °C",
    "settled: off the target by at most",
    "slowed by heat",
    "work lost",
    "mean fan",
    "fan up and down",
)


def _table(scenario: Scenario, traces: dict[str, Trace]) -> str:
    limits = "" if scenario.is_possible else " (out of reach: too hot at 100 % fan)"
    title = (
        f"{scenario.title[0].upper()}{scenario.title[1:]}; target {scenario.target_c} °C{limits}"
    )
    lines = [f"## {title}", "", f"| {' | '.join(_COLUMNS)} |", "|---" * len(_COLUMNS) + "|"]
    lines += [_row(name, measure(trace), scenario) for name, trace in traces.items()]
    return "\n".join((*lines, ""))


def _row(name: str, its: Measures, scenario: Scenario) -> str:
    cells = (
        name,
        f"{its.hottest_c:.1f} °C",
        f"{its.above_seconds} s",
        f"{its.settled_error_c:.1f} °C" if scenario.is_possible else "out of reach",
        f"{its.slowed_seconds:.0f} s",
        f"{100 * (1 - its.work_share):.1f} %",
        f"{its.mean_fan_percent:.0f} %",
        f"{its.fan_travel_percent:.0f} %",
    )
    return f"| {' | '.join(cells)} |"


def _told_cost(cost: Cost) -> str:
    today = datetime.now(tz=timezone.utc).date()
    cores, busy = os.cpu_count(), os.getloadavg()[0]
    return f"""## What it costs

Measured {today} with {CARDS} simulated cards under load, by the real clock, on {cores} cores with
a load average of {busy:.1f} at the end: where others work too, a pass takes longer by the clock
than it costs. The simulation runs inside the measured processes.

| what | measured | allowed |
|---|---|---|
| cooling daemon, share of one core over a minute | {100 * cost.daemon_share:.2f} % | 0.5 % |
| cooling daemon, memory at its highest (RSS) | {cost.daemon_megabytes:.0f} MB | 40 MB |
| metrics collector, one pass, median of ten | {1000 * cost.pass_seconds:.0f} ms | 100 ms |
| metrics collector, the quickest of them | {1000 * cost.quickest_pass_seconds:.0f} ms | |
| metrics collector, processor time of one pass | {1000 * cost.pass_cpu_seconds:.0f} ms | |
"""


def _kept_cost() -> str:
    text = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    return text.partition(_COST + "\n")[2]


if __name__ == "__main__":
    main()
