"""Read an inventory file and its group data with pyinfra, and report every mistake in place.

pyinfra only warns about a group that is no list of hosts, merges a host named twice, and ignores
group data whose group does not exist. Each of these is a user's mistake, and here an error.
"""

from __future__ import annotations

import ast
import traceback
from collections import Counter
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import Any

from pyinfra.api.exceptions import PyinfraError
from pyinfra.api.inventory import Inventory
from pyinfra.api.state import State
from pyinfra.context import ctx_state
from pyinfra_cli.inventory import make_inventory
from pyinfra_cli.util import PYTHON_CODES, exec_file

from deeprig.errors import InventoryProblem, Problem
from deeprig.inventory.merge import Level
from deeprig.inventory.place import lab_directory


def did_you_mean(word: str, known: tuple[str, ...]) -> str | None:
    """Return a hint that names the closest known word, or lists them all when none is close."""
    close = get_close_matches(word, known, n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"known: {', '.join(known)}" if known else None


def read_inventory(path: Path) -> Inventory:
    """Return pyinfra's inventory of ``path``. Raise InventoryProblem with every mistake found."""
    if not path.is_file():
        reason = "is a directory, not a file" if path.is_dir() else "there is no such file"
        remedy = "run 'deeprig init' to write one, or name yours with -i"
        raise InventoryProblem((Problem(str(path), reason, remedy),))
    data_files = _group_data_files(path)
    python_files = {path, *path.parent.glob("*.py"), *data_files}
    _raise_if_any([p for file in sorted(python_files) for p in syntax_problems(file)])
    for file in (path, *data_files):
        PYTHON_CODES.pop(str(file), None)  # pyinfra compiles a file once per process
    # pyinfra notes in its state which file it executes; a bare state is enough for that.
    with ctx_state.use(State()):
        return _read(path, data_files)


def _read(path: Path, data_files: tuple[Path, ...]) -> Inventory:
    attributes = _execute(path)
    _raise_if_any(
        [*_group_problems(path, attributes), *_stray_group_data(attributes, data_files, path)]
    )
    try:
        inventory: Inventory = make_inventory(str(path), cwd=str(lab_directory(path)))
    except (Exception, SystemExit) as error:
        raise InventoryProblem((runtime_problem(error, (path, *data_files)),)) from error
    if not len(inventory):
        remedy = "add a group: workstations = [('rig1', {'ssh_hostname': '192.0.2.10'})]"
        raise InventoryProblem((Problem(str(path), "it names no host", remedy),))
    return inventory


def levels_of(inventory: Inventory, host_name: str, groups: tuple[str, ...]) -> tuple[Level, ...]:
    """Return the data levels of a host, most general first: all, its groups in order, itself."""
    return (
        Level("group_data/all.py", public_names(inventory.get_data())),
        *(Level(f"group_data/{g}.py", public_names(inventory.get_group_data(g))) for g in groups),
        Level("host entry", public_names(inventory.get_host_data(host_name))),
    )


def public_names(data: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a Python file's names: without private ones and modules."""
    # A leading underscore marks a file's private names, and pyinfra's own arguments (_sudo ...).
    return {
        key: value
        for key, value in data.items()
        if not key.startswith("_") and not isinstance(value, ModuleType)
    }


def _raise_if_any(problems: list[Problem]) -> None:
    if problems:
        raise InventoryProblem(tuple(problems))


def _group_data_files(path: Path) -> tuple[Path, ...]:
    directories = {path.resolve().parent / "group_data", lab_directory(path) / "group_data"}
    return tuple(sorted(file for d in directories if d.is_dir() for file in d.glob("*.py")))


def syntax_problems(file: Path) -> list[Problem]:
    """Return what keeps a file from being Python, at its line."""
    try:
        compile(file.read_text(encoding="utf-8"), str(file), "exec")
    except SyntaxError as error:
        place = f"{file}:{error.lineno}" if error.lineno else str(file)
        return [Problem(place, f"this is not Python: {error.msg}", "an inventory is a Python file")]
    except (OSError, ValueError) as error:
        return [
            Problem(str(file), f"it cannot be read: {error}", "is it a text file you may read?")
        ]
    return []


def _execute(path: Path) -> dict[str, Any]:
    try:
        return dict(exec_file(str(path), return_locals=True))
    except (Exception, SystemExit) as error:
        raise InventoryProblem((runtime_problem(error, (path,)),)) from error


def runtime_problem(error: BaseException, files: tuple[Path, ...]) -> Problem:
    """Place an error of the user's code at its own line, not at ours."""
    cause: BaseException = error
    wrapped = getattr(error, "exception", None)  # pyinfra_cli's UnexpectedExternalError
    if isinstance(wrapped, BaseException):
        cause = wrapped
    names = {str(file) for file in files} | {str(file.resolve()) for file in files}
    frames = [f for f in traceback.extract_tb(cause.__traceback__) if f.filename in names]
    place = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else str(files[0])
    reason = str(cause) if isinstance(cause, PyinfraError) else f"{type(cause).__name__}: {cause}"
    return Problem(place, reason, "the inventory's own code raised this; mend that line")


def _group_problems(path: Path, attributes: dict[str, Any]) -> list[Problem]:
    problems = []
    for name, value in attributes.items():
        if name.startswith("_") or not isinstance(value, list | tuple):
            continue
        hosts = value[0] if isinstance(value, tuple) and value else value
        place = f"{path}: {name}"
        if not isinstance(hosts, list | tuple):
            problems.append(Problem(place, "a group is a list of hosts, or (hosts, data)"))
            continue
        problems += _host_entry_problems(place, hosts)
    return problems


def _host_entry_problems(place: str, hosts: list[Any] | tuple[Any, ...]) -> list[Problem]:
    problems = []
    names: list[str] = []
    for position, entry in enumerate(hosts):
        if isinstance(entry, str):
            names.append(entry)
        elif _is_host_tuple(entry):
            names.append(entry[0])
        else:
            hint = "write 'name' or ('name', {'ssh_hostname': '192.0.2.10'})"
            problems.append(Problem(f"{place}[{position}]", f"{entry!r} is no host", hint))
    for name, count in Counter(names).items():
        if count > 1:
            problems.append(
                Problem(place, f"host {name!r} is listed {count} times", "list it once")
            )
    return problems


def _is_host_tuple(entry: Any) -> bool:
    match entry:
        case (str(), dict()):
            return True
        case _:
            return False


def _stray_group_data(
    attributes: dict[str, Any], files: tuple[Path, ...], path: Path
) -> list[Problem]:
    groups = tuple(k for k, v in attributes.items() if isinstance(v, list | tuple))
    known = (*groups, "all", path.stem)
    shared = _names_of_other_inventories(path)
    return [
        Problem(str(file), f"there is no group {file.stem!r}", did_you_mean(file.stem, known))
        for file in files
        if file.stem not in known and file.stem not in shared
    ]


def _names_of_other_inventories(path: Path) -> frozenset[str]:
    """Return the names of the inventories beside this one: they share group_data."""
    return names_in_inventories(
        f for f in path.resolve().parent.glob("*.py") if f != path.resolve()
    )


def names_in_inventories(files: Iterable[Path]) -> frozenset[str]:
    """Return file and group names of inventories, which may share group_data with others."""
    names: set[str] = set()
    for file in files:
        tree = ast.parse(file.read_text(encoding="utf-8"), str(file))
        targets = (t for n in tree.body if isinstance(n, ast.Assign) for t in n.targets)
        names |= {file.stem, *(t.id for t in targets if isinstance(t, ast.Name))}
    return frozenset(names)
