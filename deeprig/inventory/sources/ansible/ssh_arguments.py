"""Arguments for ssh(1) in an Ansible inventory: the few that are settings here, no guess of others.

A jump host that is left out would send us to another machine under the same private address, so
what cannot be said to pyinfra is refused, and not ignored.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from deeprig.errors import Problem
from deeprig.inventory.merge import Level
from deeprig.inventory.sources.ansible.tree import Variable
from deeprig.inventory.sources.gathered import Note
from deeprig.inventory.sources.yaml_lines import Vaulted

_REMEDY = (
    "write it into an SSH configuration for these hosts, and name that: "
    "deeprig: {ssh_config_file: PATH}"
)
#: They speed a connection up, or make it quieter; deeprig sees to both itself.
_WITHOUT_MEANING = (
    *("controlmaster", "controlpersist", "controlpath", "compression", "loglevel"),
    *("connecttimeout", "serveraliveinterval", "serveralivecountmax", "tcpkeepalive"),
    *("batchmode", "preferredauthentications", "pubkeyauthentication", "identitiesonly"),
    *("passwordauthentication", "kbdinteractiveauthentication", "forwardagent"),
)
_CHECKING = {"yes": "yes", "accept-new": "accept-new"}


@dataclass(frozen=True, slots=True)
class SshArguments:
    """What the arguments say: settings, what was left alone, and what cannot be done."""

    levels: tuple[Level, ...]
    problems: tuple[Problem, ...]
    notes: tuple[Note, ...]

    @classmethod
    def of(cls, given: list[Variable], *, has_own_configuration: bool) -> SshArguments:
        """Judge the arguments. An SSH configuration that deeprig was given replaces them all."""
        if has_own_configuration:
            text = "was not read: deeprig's ssh_config_file replaces it"
            notes = tuple(Note(v.place, f"{v.name} {text}", is_detail=True) for v in given)
            return cls((), (), notes)
        levels: list[Level] = []
        problems: list[Problem] = []
        for variable in given:
            try:
                levels += _levels(variable)
            except ValueError as error:
                place = f"{variable.place}: {variable.name}"
                problems.append(Problem(place, str(error), _REMEDY))
        return cls(tuple(levels), tuple(problems), ())


def _levels(variable: Variable) -> Iterator[Level]:
    if isinstance(variable.value, Vaulted) or not isinstance(variable.value, str):
        raise ValueError("arguments of ssh are a text")  # noqa: TRY004 - told with its place
    words = iter(shlex.split(variable.value))
    for word in words:
        if word in ("-C", "-q", "-4", "-6"):
            continue
        option = next(words, "") if word == "-o" else word[2:]
        if not word.startswith("-o") or not option:
            raise ValueError(f"{word} is not taken over")
        name, _, value = option.replace("=", " ", 1).partition(" ")
        setting = _setting(name.strip().lower(), value.strip())
        if setting is not None:
            yield Level(f"{variable.place} {variable.name}", setting)


def _setting(name: str, value: str) -> dict[str, str] | None:
    """Return pyinfra's setting for an option, or None where it has no meaning for us."""
    if name in _WITHOUT_MEANING:
        return None
    if name == "stricthostkeychecking" and value.lower() in _CHECKING:
        return {"ssh_strict_host_key_checking": _CHECKING[value.lower()]}
    if name == "stricthostkeychecking":
        # Unknown keys are learnt, and changed ones refused: what "no" is mostly written for.
        return {"ssh_strict_host_key_checking": "accept-new"}
    if name == "userknownhostsfile" and value == "/dev/null":
        return None  # keys are kept in the usual place: a changed one is never accepted
    if name == "userknownhostsfile" and " " not in value:
        return {"ssh_known_hosts_file": value}
    raise ValueError(f"the option {name} is not taken over")
