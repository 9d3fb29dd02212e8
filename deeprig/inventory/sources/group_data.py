"""pyinfra's ``group_data/`` beside a source: the settings that no Ansible or NetBox should hold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyinfra.api.state import State
from pyinfra.context import ctx_state
from pyinfra_cli.util import PYTHON_CODES, exec_file

from deeprig.errors import InventoryProblem, Problem
from deeprig.inventory.merge import Level
from deeprig.inventory.read import (
    did_you_mean,
    names_in_inventories,
    public_names,
    runtime_problem,
    syntax_problems,
)
from deeprig.inventory.sources.gathered import Note, raise_if_any
from deeprig.inventory.sources.source import Source

_ALL = "all"


@dataclass(frozen=True, slots=True)
class GroupData:
    """The data of each group's files, in the order they are merged."""

    levels: dict[str, tuple[Level, ...]]

    def of(self, groups: Iterable[str]) -> tuple[Level, ...]:
        """Return the levels of a host: those of all hosts, then its groups' in their order."""
        names = dict.fromkeys((_ALL, *groups))
        return tuple(level for name in names for level in self.levels.get(name, ()))


def read_group_data(source: Source) -> GroupData:
    """Execute the files of ``group_data/``. Raise InventoryProblem with every mistake found."""
    files = _files(source)
    raise_if_any(problem for file in files for problem in syntax_problems(file))
    levels: dict[str, tuple[Level, ...]] = {}
    with ctx_state.use(State()):  # pyinfra notes there which file it executes
        for file in files:
            level = Level(f"group_data/{file.name}", public_names(_executed(file)))
            levels[file.stem] = (*levels.get(file.stem, ()), level)
    return GroupData(levels)


def _files(source: Source) -> tuple[Path, ...]:
    lab = source.directory.resolve()
    places = [lab, lab / "inventory"]
    if source.is_file:
        path = source.path.resolve()
        places.append(path if path.is_dir() else path.parent)
    return tuple(f for p in dict.fromkeys(places) for f in sorted(p.glob("group_data/*.py")))


def _executed(file: Path) -> dict[str, Any]:
    PYTHON_CODES.pop(str(file), None)  # pyinfra compiles a file once per process
    try:
        return dict(exec_file(str(file), return_locals=True))
    except (Exception, SystemExit) as error:  # whatever the user's own code raises
        raise InventoryProblem((runtime_problem(error, (file,)),)) from error


def stray(data: GroupData, source: Source, groups: frozenset[str]) -> tuple[Note, ...]:
    """Return a note for data of a group that this source has not, for now.

    Raise InventoryProblem where it is a mistyped name: a file's groups are the same tomorrow.
    """
    known = {_ALL, *groups, *_groups_of_inventories(source)}
    strange = sorted(set(data.levels) - known)
    if source.is_file:
        raise_if_any(
            Problem(
                f"group_data/{name}.py",
                f"{source} has no group {name!r}",
                did_you_mean(name, tuple(sorted({_ALL, *groups}))),
            )
            for name in strange
        )
    return tuple(Note(f"group_data/{n}.py", f"{source} has no group {n!r} now") for n in strange)


def _groups_of_inventories(source: Source) -> frozenset[str]:
    lab = source.directory.resolve()
    files = [f for d in (lab, lab / "inventory") for f in sorted(d.glob("*.py"))]
    return names_in_inventories(f for f in files if not syntax_problems(f))
