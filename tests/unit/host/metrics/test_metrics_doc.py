"""The page about metrics has all of them, as they are."""

import importlib.util
from pathlib import Path

import pytest
from deeprig_host.metrics.names import METRICS

SCRIPT = Path(__file__).parents[4] / "script" / "metrics_doc.py"


@pytest.fixture
def script():
    spec = importlib.util.spec_from_file_location("metrics_doc", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_current(script):
    told = script.END.page.read_text(encoding="utf-8")
    assert told == script.END.renewed(told), "run script/metrics_doc.py"
    assert all(f"| `{metric.name}` |" in told for metric in METRICS)


def test_a_page_without_a_place_for_the_table_is_refused(script):
    with pytest.raises(ValueError, match="has no line"):
        script.END.renewed("# Metrics\n")
