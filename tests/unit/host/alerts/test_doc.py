"""The page about alerts has all of them, as they are."""

import importlib.util
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[4] / "script" / "alerts_doc.py"


@pytest.fixture
def script():
    spec = importlib.util.spec_from_file_location("alerts_doc", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_current(script):
    told = script.END.page.read_text(encoding="utf-8")
    assert told == script.END.renewed(told), "run script/alerts_doc.py"


def test_a_page_without_a_place_for_the_table_is_refused(script):
    with pytest.raises(ValueError, match="has no line"):
        script.END.renewed("# Alerts\n")


def test_every_value_of_the_configuration_is_on_the_page(script):
    head = script.END.page.read_text(encoding="utf-8").partition("## The table")[0]
    for key in ("host", "metrics", "repeat_hours", "severity", "off", "to", "from", "smtp"):
        assert f"`{key}`" in head
    for key in ("smtp_security", "smtp_user", "smtp_password", "url", "format", "token"):
        assert f"`{key}`" in head
