"""Say an Ansible host's variables in deeprig's terms.

The connection variables (``ansible_host`` and its kin) become pyinfra's ``ssh_*``. Everything else
of deeprig's stands in one variable, ``deeprig``: a mapping of the same settings as in an inventory
of its own. Ansible replaces a variable as a whole; ``deeprig`` is merged level by level, as
group_data is. All other variables are somebody else's: counted, never read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from deeprig.errors import Problem
from deeprig.inventory.merge import Level
from deeprig.inventory.sources.ansible.ssh_arguments import SshArguments
from deeprig.inventory.sources.ansible.tree import Variable
from deeprig.inventory.sources.gathered import Note
from deeprig.inventory.sources.yaml_lines import Lined, Unsafe, Vaulted, plain

OWN = "deeprig"
#: Ansible's name, and pyinfra's. A later name wins, as in ansible-core's ssh connection plugin.
_CONNECTION = {
    "ansible_ssh_host": "ssh_hostname",
    "ansible_host": "ssh_hostname",
    "ansible_ssh_port": "ssh_port",
    "ansible_port": "ssh_port",
    "ansible_ssh_user": "ssh_user",
    "ansible_user": "ssh_user",
    "ansible_private_key_file": "ssh_key",
    "ansible_ssh_private_key_file": "ssh_key",
    "ansible_ssh_pass": "ssh_password",
    "ansible_ssh_password": "ssh_password",
    "ansible_password": "ssh_password",
    "ansible_private_key_passphrase": "ssh_key_password",
    "ansible_ssh_private_key_passphrase": "ssh_key_password",
}
_ARGUMENTS = ("ansible_ssh_args", "ansible_ssh_common_args", "ansible_ssh_extra_args")
_SSH_CONNECTIONS = ("ssh", "smart", "paramiko", "paramiko_ssh")
_BECOME_PASSWORDS = ("ansible_become_password", "ansible_become_pass", "ansible_sudo_pass")
#: Understood, or of no meaning where pyinfra connects.
_READ = (*_CONNECTION, *_ARGUMENTS, *_BECOME_PASSWORDS, OWN, "ansible_connection")
_READ += ("ansible_become", "ansible_become_method", "ansible_become_user")
_NAME_TEMPLATES = ("{{ inventory_hostname }}", "{{inventory_hostname}}")
_TEMPLATE_MARKS = ("{{", "{%", "{#")


@dataclass(slots=True)
class Translation:
    """One host in deeprig's terms; ``left_out`` says why it is none that deeprig can reach."""

    levels: tuple[Level, ...] = ()
    left_out: str | None = None
    problems: list[Problem] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    ignored: tuple[str, ...] = ()


def translate(host: str, levels: tuple[dict[str, Variable], ...]) -> Translation:
    """Return what a host's variables say to deeprig, and every mistake in those it reads."""
    effective = {name: variable for level in levels for name, variable in level.items()}
    made = Translation(ignored=tuple(name for name in effective if name not in _READ))
    connection = _plain_text(effective.get("ansible_connection"), "ssh").rpartition(".")[2]
    if connection not in _SSH_CONNECTIONS:
        made.left_out = f"left out: ansible_connection is {connection}, and deeprig speaks SSH"
        return made
    own = tuple(_own_levels(levels, made.problems))
    declared = {key for level in own for key in level.data}
    made.levels = (*_connection_levels(host, effective, declared, made), *own)
    _judge_become(effective, made)
    return made


def _plain_text(variable: Variable | None, default: str) -> str:
    return default if variable is None else str(variable.value)


def _connection_levels(
    host: str, effective: dict[str, Variable], declared: set[str], made: Translation
) -> Iterator[Level]:
    for name, key in _CONNECTION.items():
        variable = effective.get(name)
        if variable is None or key in declared:
            continue  # what `deeprig` says of the same thing is said to us
        value = variable.value
        if isinstance(value, str) and not isinstance(value, Unsafe):
            for template in _NAME_TEMPLATES:
                value = value.replace(template, host)
        found = tuple(_unreadable(value, f"{variable.place}: {name}", key))
        made.problems += found
        if not found:
            is_port = key == "ssh_port"
            yield Level(f"{variable.place} {name}", {key: value if is_port else str(value)})
    given = [effective[name] for name in _ARGUMENTS if name in effective]
    arguments = SshArguments.of(given, has_own_configuration="ssh_config_file" in declared)
    made.problems += arguments.problems
    made.notes += arguments.notes
    yield from (level for level in arguments.levels if not declared.intersection(level.data))


def _own_levels(
    levels: tuple[dict[str, Variable], ...], problems: list[Problem]
) -> Iterator[Level]:
    for level in levels:
        variable = level.get(OWN)
        if variable is None:
            continue
        if not isinstance(variable.value, dict):
            reason = "the variable 'deeprig' is a mapping of settings"
            remedy = "write deeprig: {gpu_count: 2, conda: {environments: [...]}}"
            if isinstance(variable.value, str) and variable.value.startswith("{"):
                # Words of a host's line lose their quotes, in Ansible too.
                remedy = """in a host's line, put the mapping into quotes: deeprig="{'a': 1}\""""
            problems.append(Problem(f"{variable.place}: {OWN}", reason, remedy))
            continue
        for key, value in variable.value.items():
            place = _place_of(variable, key)
            problems += _unreadable(value, f"{place}: {OWN}.{key}", str(key))
            yield Level(place, {str(key): plain(value)})


def _place_of(variable: Variable, key: Any) -> str:
    if isinstance(variable.value, Lined):
        return f"{variable.place.rpartition(':')[0]}:{variable.value.lines[key]}"
    return variable.place


def _unreadable(value: Any, place: str, setting: str) -> Iterator[Problem]:
    """Yield what in a value only Ansible itself could read: vaults and templates."""
    if isinstance(value, Vaulted):
        remedy = (
            f"say where the secret is: deeprig: {{{setting}: {{env: NAME}}}}, {{file: PATH}} or "
            "{command: [ansible-vault, view, FILE]}"
        )
        yield Problem(place, "it is encrypted by Ansible Vault, which deeprig cannot open", remedy)
    elif isinstance(value, str) and not isinstance(value, Unsafe):
        if any(mark in value for mark in _TEMPLATE_MARKS):
            remedy = "write the value itself; a text that shall hold braces is tagged !unsafe"
            yield Problem(place, "it is a template, which only Ansible can fill in", remedy)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _unreadable(item, f"{place}.{key}", setting)
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from _unreadable(item, f"{place}[{position}]", setting)


def _judge_become(effective: dict[str, Variable], made: Translation) -> None:
    """Say what of Ansible's becoming another user deeprig cannot do: it becomes root, by sudo."""
    for name, accepted in (("ansible_become_method", "sudo"), ("ansible_become_user", "root")):
        variable = effective.get(name)
        value = _plain_text(variable, accepted).rpartition(".")[2]
        if variable is not None and value != accepted:
            reason = (
                f"deeprig becomes {accepted} only"
                if name.endswith("user")
                else (f"deeprig becomes root by {accepted} only")
            )
            remedy = "log in as root, or as a user who may sudo"
            made.problems.append(Problem(f"{variable.place}: {name}", reason, remedy))
    for name in _BECOME_PASSWORDS:
        if name in effective:
            text = f"{name} was not read: -K asks once for the password that sudo wants"
            made.notes.append(Note(effective[name].place, text))
