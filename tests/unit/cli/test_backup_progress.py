"""What `backup` shows while hosts work: a line each on a terminal, steps in a log."""

import io

from rich.console import Console

from deeprig.backup.answer import HostAnswer
from deeprig.backup.far import Far
from deeprig.cli.backup_progress import LineHosts, LiveHosts, backup_progress_for


def far(share, step="backing up"):
    return Far("disk", step, share, 512, 1024)


def test_a_log_has_a_line_for_each_step_and_each_tenth_of_it():
    stream = io.StringIO()
    lines = LineHosts(Console(file=stream, width=200))
    lines.host_started("rig1")
    for share in (0.0, 0.01, 0.05, 0.11, 0.12, 1.0):
        lines.host_is_at("rig1", far(share))
    lines.host_is_at("rig1", far(None, "forgetting"))
    lines.host_finished(HostAnswer("rig1", "good", seconds=1.26))
    assert stream.getvalue().splitlines() == [
        "[rig1] disk: backing up  0%  512 B of 1.0 KiB",
        "[rig1] disk: backing up  11%  512 B of 1.0 KiB",
        "[rig1] disk: backing up  100%  512 B of 1.0 KiB",
        "[rig1] disk: forgetting  512 B of 1.0 KiB",
        "[rig1] good after 1.3 s",
    ]


def rendered(live, width, height):
    stream = io.StringIO()
    console = Console(file=stream, width=width, height=height, force_terminal=True, no_color=True)
    live.console = console
    console.print(live.lines())
    return [line for line in stream.getvalue().replace("\x1b[0m", "").splitlines() if line]


def test_a_terminal_has_a_line_for_each_host_and_never_more_than_fit():
    live = LiveHosts(Console())
    for number in range(9):
        live.host_started(f"rig{number}")
    live.host_is_at("rig0", far(0.5))
    live.host_finished(HostAnswer("rig8", "good"))
    live.host_finished(HostAnswer("rig7", "failed"))
    lines = rendered(live, 80, 8)
    assert "rig0  disk: backing up  50%  512 B of 1.0 KiB  0 s" in lines[0]
    assert len(lines) == 7
    assert "and 2 more hosts" in lines[5]
    assert "1 good, 1 failed" in lines[6]


def test_a_narrow_terminal_cuts_the_line():
    live = LiveHosts(Console())
    live.host_started("rig0")
    live.host_is_at("rig0", far(0.5))
    assert all(len(line.replace("\x1b[2m", "")) <= 20 for line in rendered(live, 20, 8))


def test_a_program_that_reads_json_is_told_nothing(capsys):
    with backup_progress_for(as_json=True) as progress:
        progress.host_started("rig1")
        progress.host_is_at("rig1", far(0.5))
        progress.host_finished(HostAnswer("rig1", "good"))
    assert capsys.readouterr() == ("", "")
