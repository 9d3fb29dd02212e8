"""Make docs/images/cooling-curve.svg: six hours of four simulated cards under the real daemon.

    python benchmarks/cooling_picture.py

Time is virtual, NVML and the cards are simulated (tests/sim/thermal); the daemon's turns, its
history file and the drawing are the real ones.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "host")]

from deeprig_host.cooling.config import parse_configuration  # noqa: E402 - after the path
from deeprig_host.cooling.daemon import Daemon  # noqa: E402
from deeprig_host.cooling.places import HISTORY_FILE, STATUS_FILE  # noqa: E402
from deeprig_host.cooling.records import Records  # noqa: E402
from deeprig_host.machine.commands import Machine as Host  # noqa: E402

from deeprig.cooling.curve import parse_curve  # noqa: E402
from deeprig.cooling.declared import DeclaredCurve  # noqa: E402
from deeprig.cooling.fetch import cards_of  # noqa: E402
from deeprig.cooling.history import read_history  # noqa: E402
from deeprig.cooling.picture import Recorded  # noqa: E402
from deeprig.cooling.show import Shown, svg_text  # noqa: E402
from tests.sim.thermal.api import Machine, Plant, build_library  # noqa: E402
from tests.sim.thermal.cards import OPEN_AIR_250  # noqa: E402
from tests.sim.thermal.inside import nvml_of  # noqa: E402

PICTURE = ROOT / "docs" / "images" / "cooling-curve.svg"
_CURVE, _TARGET_C = "30:30 50:40 70:70 85:100", 72
_CONFIGURATION = (
    f"[cooling]\nhistory_seconds = 30\n[defaults]\ncurve = {_CURVE}\ntarget_c = {_TARGET_C}\n"
)
_HOURS, _CARDS, _INTERVAL_SECONDS = 6, 4, 2
_MACHINE = Machine((OPEN_AIR_250,) * _CARDS, {"is_virtual": 1, "case_watts_per_kelvin": 100})
#: From which minute on which load (percent): training, a pause, training, an evening's idling.
_PROFILE = ((0, 5), (20, 100), (140, 5), (165, 100), (285, 60), (330, 5))
_END = 1_795_305_600.0  # any moment will do; this one is 2026-11-22 00:00 UTC


@dataclass(slots=True)
class _Clock:
    seconds: float = 0.0

    def monotonic(self) -> float:
        return self.seconds

    def boottime(self) -> float:
        return self.seconds

    def unix(self) -> float:
        return _END - _HOURS * 3600 + self.seconds


def main() -> None:
    """Write the picture."""
    with tempfile.TemporaryDirectory() as directory:
        base = Path(directory)
        library = build_library(base / "built")
        plant = Plant(base / "state", base / "built")
        plant.describe(_MACHINE)
        with nvml_of(library, base / "state"):
            host = _cool(plant, base / "root")
        history = read_history(host.path(HISTORY_FILE).read_text().splitlines())
        cards = cards_of(history, host.path(STATUS_FILE).read_text())
    curves = (DeclaredCurve("all cards", parse_curve(_CURVE), _TARGET_C),)
    shown = Shown("a simulated machine", curves, Recorded(history, _END, _HOURS, cards))
    PICTURE.write_text(svg_text(shown), encoding="utf-8")


def _cool(plant: Plant, root: Path) -> Host:
    """Let the daemon cool for the hours; return the machine with what it wrote down."""
    host, clock = Host(root), _Clock()
    configuration = parse_configuration(_CONFIGURATION, "cooling.conf")
    said = lambda _level, _text: None  # noqa: E731
    records = Records(host, configuration.history_seconds, said)
    daemon = Daemon(configuration, clock, records, said)
    starts = dict(_PROFILE)
    for second in range(0, _HOURS * 3600, _INTERVAL_SECONDS):
        clock.seconds = float(second)
        if second % 60 == 0 and second // 60 in starts:
            for card in range(_CARDS):
                plant.set_load(card, starts[second // 60])
        daemon.turn()
        plant.step(_INTERVAL_SECONDS)
    daemon.stop()
    return host


if __name__ == "__main__":
    main()
