"""Packages that people had chosen: what is lacking, and how it is brought back."""

from pathlib import Path

from deeprig_host.backup.compare import compare
from deeprig_host.backup.rebuild_environments import Made
from deeprig_host.backup.rebuild_packages import Lacking, install, lacking
from deeprig_host.backup.state_packages import is_of_kernel
from deeprig_host.backup.state_read import State
from deeprig_host.machine.commands import Done, Machine

KERNEL = "linux-image-6.1.0-25-amd64"
BEFORE = State(
    installed={"tree": "1", "tool": "1", "held": "1", KERNEL: "1"},
    manual=frozenset({"tree", "tool", KERNEL, "-o", "Bad"}),
    held=frozenset({"held", KERNEL}),
)
HERE = State(installed={"tool": "1", "held": "1"}, manual=frozenset(), held=frozenset())
POLICY = """tree:
  Installed: (none)
  Candidate: 2.1.0-1
gone:
  Installed: 1
  Candidate: (none)
"""


class Apt:
    """Answers as apt does; ``fails`` is a program that does not."""

    def __init__(self, fails=""):
        self.fails = fails
        self.calls = []

    def __call__(self, *words, **options):
        self.calls.append(words)
        if words[0] == self.fails:
            return Done(words, 100, err="E: Unable to correct problems")
        return Done(words, 0, POLICY if words[:2] == ("apt-cache", "policy") else "")

    @property
    def machine(self):
        return Machine(Path("/nowhere"), self)


def test_what_people_chose_is_lacking_and_a_kernel_is_not():
    assert lacking(BEFORE, HERE) == Lacking(("tree",), ("tool",), ("held",))
    assert lacking(BEFORE, BEFORE).is_nothing
    assert is_of_kernel("linux-headers-6.8.0-45-generic")
    assert is_of_kernel("linux-modules-extra-6.8.0-45-generic:amd64")
    assert not is_of_kernel("linux-image-amd64")


def test_a_kernel_of_another_day_does_not_decide():
    found = {(one.area, one.name) for one in compare(BEFORE, HERE)}
    assert ("package", KERNEL) in found
    assert {("chosen package", KERNEL), ("hold", KERNEL)}.isdisjoint(found)


def test_what_can_be_had_is_installed_marked_and_held():
    apt = Apt()
    told = tuple(install(apt.machine, Lacking(("tree", "gone"), ("tool",), ("held",))))
    assert told == (
        Made("gone", False, "no package source of this machine has it"),
        Made("tree", True, "installed"),
        Made("tool", True, "marked as chosen"),
        Made("held", True, "on hold"),
    )
    assert [call[-1] for call in apt.calls] == ["gone", "tree", "tool", "held"]


def test_a_failure_of_apt_is_told_and_stops_nothing_else():
    apt = Apt(fails="apt-get")
    told = tuple(install(apt.machine, Lacking(("tree",), (), ("held",))))
    assert told == (
        Made("tree", False, "apt-get failed: E: Unable to correct problems"),
        Made("held", True, "on hold"),
    )


def test_nothing_lacking_asks_apt_nothing():
    apt = Apt()
    assert tuple(install(apt.machine, Lacking((), (), ()))) == ()
    assert apt.calls == []
