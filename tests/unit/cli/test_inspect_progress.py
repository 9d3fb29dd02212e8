"""What ``inspect`` shows while it asks: a line that names the hosts, or a line per host."""

import io

from rich.console import Console

from deeprig.audit.inspection import HostInspection
from deeprig.cli.hosts_progress import LineHosts, LiveHosts
from deeprig.cli.inspect_progress import MANNER
from tests.unit.audit.inspections import GONE


def test_the_live_line_names_who_is_asked_and_how_many_have_ended():
    live = LiveHosts(MANNER)
    assert live.line().plain == ""
    live.host_started("rig1")
    live.host_started("gone")
    assert live.line().plain == "inspecting rig1, gone"
    live.host_finished(GONE)
    assert live.line().plain == "1 inspected; inspecting rig1"
    live.host_finished(HostInspection("rig1", "failed"))
    assert live.line().plain == "2 inspected"


def test_a_log_has_a_line_per_host_whatever_it_is_called():
    stream = io.StringIO()
    lines = LineHosts(MANNER, Console(file=stream, width=200))
    lines.host_started("rig1")
    lines.host_finished(HostInspection("[bold]rig1", "failed", seconds=1.26))
    assert stream.getvalue() == "[[bold]rig1] failed after 1.3 s\n"
