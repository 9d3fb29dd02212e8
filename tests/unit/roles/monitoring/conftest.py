"""The host's own readers are held against the role: their distribution is put on the path."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[4]
sys.path[:0] = [str(ROOT / "host"), str(ROOT / "script")]
