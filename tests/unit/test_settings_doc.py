"""docs/settings.md says what the settings models say."""

import importlib.util
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_settings_reference_is_up_to_date():
    spec = importlib.util.spec_from_file_location("settings_doc", ROOT / "script/settings_doc.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (ROOT / "docs/settings.md").read_text() == module.page(), "run script/settings_doc.py"
