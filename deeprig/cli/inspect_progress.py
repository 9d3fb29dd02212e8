"""Progress of ``inspect``: a line per host; of many, only for those that were not graded."""

from __future__ import annotations

from deeprig.cli.hosts_progress import Ended, Manner
from deeprig.report.groups import MOST_SINGLE


def _is_news(result: Ended, host_count: int) -> bool:
    return host_count <= MOST_SINGLE or result.status != "graded"


MANNER = Manner("inspecting", "inspected", ", ".join, _is_news)
