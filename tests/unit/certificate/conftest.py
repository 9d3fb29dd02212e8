"""The programs of ``host/`` are a distribution of their own: put it on the path."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3] / "host"))
