"""Read what an inventory program of Ansible answers to ``--list`` into a tree."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from deeprig.errors import Problem
from deeprig.inventory.sources.ansible.tree import Tree, Variable
from deeprig.inventory.sources.gathered import raise_if_any, refuse

_KEYS = ("hosts", "vars", "children")
#: Asked for the variables of a host when the listing has no ``_meta``.
AskHost = Callable[[str], Any]


def read_listing(tree: Tree, data: Any, place: str, ask_host: AskHost | None) -> None:
    """Add a listing to the tree. Raise InventoryProblem with every entry that is wrong."""
    if not isinstance(data, dict):
        raise refuse(place, "the answer to --list is a JSON object of groups")
    variables = _host_variables(data.get("_meta"), place)
    groups = {name: body for name, body in data.items() if name != "_meta"}
    raise_if_any(p for name, body in groups.items() for p in _add_group(tree, name, body, place))
    if variables is None and ask_host is None and tree.hosts:
        reason = "there is no _meta.hostvars in it, so that no host's variables are known"
        raise refuse(place, reason, "make it with: ansible-inventory --list")
    for host, held in tree.hosts.items():
        if variables is not None:
            own = variables.get(host, {})
        else:
            own = ask_host(host) if ask_host is not None else {}
        if not isinstance(own, dict):
            raise refuse(f"{place}: {host}", "the variables of a host are a JSON object")
        held.update({name: Variable(name, value, place) for name, value in own.items()})


def _host_variables(meta: Any, place: str) -> dict[str, Any] | None:
    if meta is None:
        return None
    variables = meta.get("hostvars") if isinstance(meta, dict) else None
    if not isinstance(variables, dict):
        raise refuse(f"{place}: _meta", "_meta holds 'hostvars', an object of hosts")
    return variables


def _add_group(tree: Tree, name: str, body: Any, place: str) -> Iterator[Problem]:
    where = f"{place}: {name}"
    tree.add_group(name)
    if not isinstance(body, dict):
        body = {"hosts": body}
    elif not any(key in body for key in _KEYS):
        # A group that holds none of these is a host with its variables, says Ansible.
        body = {"hosts": [name], "vars": body} if body else {}
    hosts, children = body.get("hosts", []), body.get("children", [])
    variables = body.get("vars", {})
    if not _are_names(hosts):
        yield Problem(f"{where}.hosts", "hosts are a list of names")
    elif not _are_names(children):
        yield Problem(f"{where}.children", "children are a list of names")
    elif not isinstance(variables, dict):
        yield Problem(f"{where}.vars", "variables are an object")
    else:
        for host in hosts:
            tree.add_host(host, name)
        yield from _add_rest(tree, name, children, variables, where)


def _add_rest(
    tree: Tree, name: str, children: list[str], variables: dict[str, Any], where: str
) -> Iterator[Problem]:
    try:
        for child in children:
            tree.add_child(name, child)
        for key, value in variables.items():
            tree.set_variable(name, Variable(key, value, where))
    except ValueError as error:
        yield Problem(where, str(error))


def _are_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) and item for item in value)
