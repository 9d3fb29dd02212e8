"""The collector's text as Prometheus reads it: promtool's own check, of every metric."""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "host"))

from deeprig_host.metrics.exposition import exposition
from deeprig_host.metrics.names import METRICS
from deeprig_host.metrics.samples import Samples


def every_metric():
    """Two series of each metric, with labels as odd as cards and files can make them."""
    samples = Samples()
    for metric in METRICS:
        last = metric.values or ('odd "name" \\ \n é', "plain")
        for value in last[:2]:
            labels = [*(label for label in metric.labels[:-1]), value][: len(metric.labels)]
            samples.add(metric, 1.5, *labels)
    return exposition(samples)


def check(promtool, text):
    return subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True)


def test_promtool_finds_nothing_wrong_with_any_metric(promtool):
    done = check(promtool, every_metric())
    assert (done.returncode, done.stdout + done.stderr) == (0, b"")


def test_promtool_would_find_what_is_wrong(promtool):
    text = every_metric().decode()
    for right, wrong, told in (
        ("gpu_temperature_celsius", "gpu_temperature_fahrenheit", b"celsius"),
        ("gpu_energy_joules_total", "gpu_energy_joules", b"_total"),
        ('{reason="no_library"}', '{reason="no_library}', b"unescaped new-line"),
    ):
        done = check(promtool, text.replace(right, wrong).encode())
        assert done.returncode != 0
        assert told in done.stdout + done.stderr
