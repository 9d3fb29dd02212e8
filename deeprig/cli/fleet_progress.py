"""Progress of ``diff-fleet``: a hundred hosts that answered are no news, one that did not is."""

from __future__ import annotations

from deeprig.cli.hosts_progress import Ended, Manner
from deeprig.report.host_ranges import host_ranges


def _names(hosts: list[str]) -> str:
    return host_ranges(sorted(hosts))


def _is_news(result: Ended, _: int) -> bool:
    return result.status != "read"


MANNER = Manner("asking", "answered", _names, _is_news)
