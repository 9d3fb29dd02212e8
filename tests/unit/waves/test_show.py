"""A rollout on a screen: a hundred hosts in a few lines, narrow terminals, no terminal."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from deeprig.cli.wave_progress import WaveLines
from deeprig.report.screen import Screen
from deeprig.waves.controller import this_process
from deeprig.waves.model import WaveRecord
from deeprig.waves.show import show_all, show_preview, show_rollout
from tests.unit.waves.plan import rollout


def shown(plan, *, width=None, **more):
    target = io.StringIO()
    console = (
        Console(file=target, width=10_000, soft_wrap=True)
        if width is None
        else Console(file=target, width=width, force_terminal=True, color_system=None)
    )
    show_rollout(plan, Screen(console), **({"is_led": False} | more))
    return target.getvalue()


def stopped(count=100):
    plan = rollout(count, max_unavailable=25)
    names = tuple(record.host for record in plan.hosts)
    plan = plan.with_hosts(names[:40], state="good").with_hosts(names[45:], state="waiting")
    plan = plan.with_hosts(names[40:44], state="put back", reason="its wave", put_back="proven")
    plan = plan.with_hosts(names[44:45], state="failed", reason="gate: it is ill", is_drained=True)
    waves = (WaveRecord(1, names[:1], "passed", is_canary=True, seconds=1.25),)
    waves += (WaveRecord(2, names[1:45], "stopped", reason="h45 failed", seconds=60.0),)
    return replace(plan, waves=waves, status="stopped", reason="wave 2: h45 failed")


def test_a_hundred_hosts_are_a_few_lines_and_the_odd_ones_stand_out():
    text = shown(stopped())
    assert len(text.splitlines()) < 16
    assert "stopped: wave 2: h45 failed" in text
    assert "100 hosts: 40 good, 4 put back, 1 failed, 55 waiting" in text
    assert "h41, h42, h43, h44: put back: its wave" in text
    assert "-> proven" in text
    assert "h45: failed: gate: it is ill" in text
    assert "still out of service (drained): h45" in text
    assert "h[2-45]" in text


@pytest.mark.parametrize("width", [30, 40, 80])
def test_a_narrow_terminal_loses_nothing(width):
    text = shown(stopped(50), width=width)
    assert max(map(len, text.splitlines())) <= width
    flat = "".join(text.split())
    assert "h45:failed:gate:itisill" in flat
    assert "50hosts:40good,4putback,1failed,5waiting" in flat


def test_a_controller_that_is_gone_is_told_with_what_to_do():
    plan = replace(rollout(2), controller=this_process())
    assert "its controller is gone" in shown(plan)
    assert "'deeprig resume' goes on" in shown(plan)
    assert "led by pid" in shown(plan, is_led=True)
    assert "cannot be told from here" in shown(plan, is_led=None)
    assert "asked to pause after the wave under way" in shown(plan, is_led=True, asked="pause")


def test_what_a_host_says_is_no_markup():
    plan = rollout(1).with_hosts(("h1",), state="failed", reason="[bold]\x1b[31mred[/]")
    assert "[bold]" in shown(plan)
    assert "\x1b" not in shown(plan)


def test_a_preview_names_each_wave():
    target = io.StringIO()
    show_preview(rollout(4), Screen(Console(file=target, width=200)))
    lines = [line.split() for line in target.getvalue().splitlines()]
    assert ["2", "2", "h2,", "h3"] in lines
    assert (
        "canary 1, growth 2, at most 100 out at once; gate smoke; 0 may fail" in target.getvalue()
    )


def test_a_list_has_a_line_per_rollout():
    target = io.StringIO()
    made = (stopped(), replace(rollout(2), id="other", status="done"))
    show_all(made, Screen(Console(file=target, width=200)))
    assert "stopped" in target.getvalue()
    assert "other" in target.getvalue()


def told(*plans):
    target = io.StringIO()
    lines = WaveLines(Console(file=target, width=10_000, soft_wrap=True))
    for plan in plans:
        lines.show(plan)
    return target.getvalue().splitlines()


def test_progress_is_a_line_per_step_and_none_is_said_twice():
    plan = rollout(3)
    wave = WaveRecord(1, ("h1",), "changing", is_canary=True)
    changing = replace(plan, waves=(wave,))
    proving = changing.with_wave(step="proving")
    ended = changing.with_wave(step="passed", seconds=2.0).with_hosts(("h1",), state="good")
    paused = replace(ended, status="paused")
    assert told(plan, changing, changing, proving, ended, paused) == [
        "wave 1 (canary): changing: h1",
        "wave 1 (canary): proving: h1",
        "wave 1 (canary): passed after 2.0 s (3 hosts: 1 good, 2 waiting)",
        "paused: 'deeprig resume' or 'deeprig abort' from any terminal",
    ]


def test_draining_is_told_only_of_hosts_that_have_a_command():
    plan = replace(rollout(1), waves=(WaveRecord(1, ("h1",), "draining"),))
    assert told(plan) == []
    assert told(plan.with_hosts(("h1",), is_drained=True)) == ["wave 1: taking out of service: h1"]
