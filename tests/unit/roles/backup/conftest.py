"""The host's own reader is held against the settings: its distribution is put on the path."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[4] / "host"))
