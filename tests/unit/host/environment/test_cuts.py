"""Whatever step a cut falls on: what is in use is whole, and the next run puts all right.

A cut is simulated: each call that changes the file system raises, once, in place of its work.
"""

import os
import shutil
from pathlib import Path

import pytest
from deeprig_host.environment.contents import damages
from deeprig_host.machine.commands import Done, Machine

from tests.unit.host.environment.conftest import Host

#: Every call of the maker that changes the file system.
_CHANGES = (
    *((Path, name) for name in ("mkdir", "write_bytes", "write_text", "symlink_to", "rename")),
    *((Path, name) for name in ("replace", "unlink", "chmod")),
    *((os, name) for name in ("chown", "fsync")),
    *((shutil, "rmtree"),),
)


class Cut(BaseException):
    """Stands for the loss of power: nothing of ours catches it."""


class Countdown:
    """Lets so many changes happen; the next one is the cut."""

    def __init__(self, monkeypatch, left):
        self.left = left
        for owner, name in _CHANGES:
            monkeypatch.setattr(owner, name, self._wrapped(getattr(owner, name)))

    def _wrapped(self, real):
        def change(*arguments, **options):
            if self.left == 0:
                raise Cut
            self.left -= 1
            return real(*arguments, **options)

        return change


def proven(*words, **_options):
    """In place of a process that imports: what is tested here are the cuts."""
    return Done(words, 0)


def fresh(host):
    return None


def older(host):
    host.make(host.order(1))
    return host.places.current()


def damaged(host):
    host.make(host.order(2))
    next(host.places.current().rglob("some-1.dist-info/WHEEL")).unlink()
    return host.places.current()


@pytest.mark.parametrize("before", [fresh, older, damaged])
def test_every_cut_leaves_what_was_in_use_or_what_was_ordered_and_is_put_right(
    tmp_path, before, monkeypatch
):
    steps = 0
    while True:
        host = Host(Machine(tmp_path / str(steps), proven))
        was = before(host)
        order = host.order(2)
        with monkeypatch.context() as cutting:
            Countdown(cutting, steps)
            try:
                host.make(order)
            except Cut:
                is_cut = True
            else:
                is_cut = False
        current = host.places.current()
        assert current == was or not damages(current), f"cut at step {steps}"
        host.order(2)  # the next run carries what the store lacks
        host.make(order)
        found = host.observe(order)
        assert (found["reasons"], found["left_over"]) == ([], []), f"cut at step {steps}"
        if not is_cut:
            break
        steps += 1
    assert steps > 15, "the cuts have missed the steps"
