"""``group_vars/`` and ``host_vars/`` beside an Ansible inventory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from deeprig.inventory.sources.ansible.tree import Variable
from deeprig.inventory.sources.gathered import Note, refuse
from deeprig.inventory.sources.reading import text_of
from deeprig.inventory.sources.yaml_lines import Lined, yaml_of

_EXTENSIONS = ("", ".yml", ".yaml", ".json")
_VAULT = "$ANSIBLE_VAULT;"


def variables_beside(
    directory: Path, kind: str, name: str, notes: list[Note]
) -> dict[str, Variable]:
    """Return the variables that ``group_vars/NAME`` or ``host_vars/NAME`` holds.

    ``kind`` is the directory's name. A file that Ansible Vault encrypted is told in ``notes``.
    """
    found: dict[str, Variable] = {}
    if "/" in name or name in (".", ".."):
        return found
    for file in _files_of(directory / kind / name):
        found |= _variables(file, notes)
    return found


def _files_of(base: Path) -> Iterator[Path]:
    """Yield what Ansible finds under a name: the first of directory, NAME, NAME.yml, ..."""
    for extension in _EXTENSIONS:
        path = base.with_name(base.name + extension)
        if path.is_file():
            yield path
            return
        if path.is_dir() and not extension:
            yield from _inside(path)
            return


def _inside(directory: Path) -> Iterator[Path]:
    for path in sorted(directory.iterdir()):
        if path.name.startswith(".") or path.name.endswith("~"):
            continue
        if path.is_dir() and not path.suffix:
            yield from _inside(path)
        elif path.is_file() and path.suffix in _EXTENSIONS:
            yield path


def _variables(file: Path, notes: list[Note]) -> dict[str, Variable]:
    text = text_of(file)
    if text.startswith(_VAULT):
        note = Note(str(file), "it is encrypted by Ansible Vault, and was not read")
        if note not in notes:
            notes.append(note)
        return {}
    data = yaml_of(text, str(file))
    if data is None:
        return {}
    if not isinstance(data, Lined):
        raise refuse(file, "a file of variables is a mapping", "write 'name: value'")
    return {
        str(key): Variable(str(key), value, f"{file}:{data.lines[key]}")
        for key, value in data.items()
    }
