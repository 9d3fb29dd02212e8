"""Our reading of Ansible inventories against ansible-inventory's own, on the same files.

ansible-core is installed for the run with the configured pip: nothing of deeprig needs it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import venv
from pathlib import Path
from typing import Any

import pytest

from deeprig.inventory.sources.ansible.read import host_variables
from deeprig.inventory.sources.yaml_lines import plain

pytestmark = pytest.mark.full

INI = """\
    # hosts outside of groups, ports, quotes, literals
    lonely
    bare:2222 ansible_user=ada note="two words" text='a=b' # a comment
    [web]
    www[01:03:2].lab flag=True off=no number=007 octal=0o17 real=1.5 listed=[1,2] none=None
    [2001:db8::5]:22 kind=six
    db-[a:c]
    [web:vars]
    greeting = hello there  # no comment here
    mapping={"a": {"b": [1, 2]}}
    tuple=(1, 2)
    empty=
    [all:vars]
    level=all
    [north:children]
    web
    east
    [south:children]
    web
    [east]
    e1 level=host
    [east:vars]
    level=east
    [north:vars]
    level=north
    who=north
    [south:vars]
    level=south
    who=south
    ansible_group_priority=10
    """

YAML = """\
    all:
      vars: {level: all, date: 2026-01-31, yes_or_no: yes, octal: 017, text: '017'}
      hosts:
        lonely:
        "bare:2222": {a: 1}
      children:
        one:
          hosts: {"n[1:3]": {x: one}, shared: {x: host-one}}
          vars: {level: one, only: one}
          children:
            deep: {hosts: {n2: }, vars: {level: deep}}
        two:
          vars: {level: two, only: two, nested: {k: 2}}
          hosts: {shared: {y: 2}}
          children: {deep: }
    late: {hosts: {n3: {x: late}}, vars: {anchor: &a {q: 1}, use: *a, merged: {<<: *a, r: 2}}}
    string_host: {hosts: solo}
    """

WITH_META = """\
    #!/bin/sh
    cat <<END
    {"g": {"hosts": ["a", "b"], "vars": {"v": 1}}, "p": {"children": ["g"], "vars": {"v": 2}},
     "old": ["c"], "_meta": {"hostvars": {"a": {"w": [1]}, "stranger": {"w": 2}}}}
    END
    """

WITHOUT_META = """\
    #!/bin/sh
    if [ "$1" = --host ]; then echo "{\\"own\\": \\"$2\\"}"; exit; fi
    echo '{"g": {"hosts": ["a", "b"]}, "lonely": {"hosts": ["c"]}}'
    """


def write(path: Path, text: str, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    path.chmod(mode)


def ini(root: Path) -> Path:
    write(root / "hosts", INI)
    return root / "hosts"


def ini_with_variables_beside(root: Path) -> Path:
    write(root / "hosts.ini", INI)
    write(root / "group_vars/all.yml", "level: all-file\nfrom_file: 1\n")
    write(root / "group_vars/all.yaml", "never: read\n")
    write(root / "group_vars/web/10-first.yml", "level: web-first\nlist: [1]\n")
    write(root / "group_vars/web/20-second.yml", "level: web-second\n")
    write(root / "group_vars/web/sub/30.json", '{"deep": {"er": true}}')
    write(root / "group_vars/web/.hidden.yml", "hidden: 1\n")
    write(root / "group_vars/web/old.yml~", "backup: 1\n")
    write(root / "group_vars/web/notes.txt", "not read: [\n")
    write(root / "group_vars/east", "level: east-file\n")
    write(root / "host_vars/e1.json", '{"level": "e1-file"}')
    write(root / "host_vars/lonely/all.yml", "x: 1\n")
    return root / "hosts.ini"


def yaml(root: Path) -> Path:
    write(root / "hosts.yml", YAML)
    write(root / "group_vars/deep.yml", "only: deep-file\n")
    return root / "hosts.yml"


def directory(root: Path) -> Path:
    write(root / "inv/01.ini", INI)
    write(root / "inv/02.yml", YAML)
    write(root / "inv/03-script", WITH_META, 0o755)
    write(root / "inv/notes.md", "[nothing\n")
    write(root / "inv/old.bak", "[nothing\n")
    write(root / "inv/sub/more", "[web]\nsubhost\n")
    write(root / "inv/group_vars/all.yml", "level: beside\n")
    write(root / "group_vars/all.yml", "never: read\n")
    return root / "inv"


def program(root: Path) -> Path:
    write(root / "inv.sh", WITH_META, 0o755)
    write(root / "group_vars/g.yml", "v: file\n")
    return root / "inv.sh"


def program_without_meta(root: Path) -> Path:
    write(root / "inv", WITHOUT_META, 0o755)
    return root / "inv"


CASES = (ini, ini_with_variables_beside, yaml, directory, program, program_without_meta)


@pytest.fixture(scope="session")
def ansible_inventory(tmp_path_factory):
    """The path of ansible-inventory, installed with the configured pip into an environment."""
    home = tmp_path_factory.mktemp("ansible")
    venv.create(home, with_pip=True)
    subprocess.run(
        [home / "bin/pip", "install", "--quiet", "ansible-core>=2.16"],
        check=True,
        stdout=sys.stderr,
    )
    return home / "bin/ansible-inventory"


def ask_ansible(program: Path, inventory: Path) -> subprocess.CompletedProcess[str]:
    write(inventory.parent / "ansible.cfg", "[defaults]\n")
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(inventory.parent),
        "LANG": "C.UTF-8",
        "ANSIBLE_CONFIG": str(inventory.parent / "ansible.cfg"),
        "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "1",
    }
    return subprocess.run(
        [program, "-i", inventory, "--list"],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
        # It reads group_vars where it stands too, as those of a playbook.
        cwd=program.parent,
    )


def told_by_ansible(program: Path, inventory: Path) -> dict[str, Any]:
    done = ask_ansible(program, inventory)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def groups_told(told: dict[str, Any]) -> dict[str, set[str]]:
    """The groups of each host, as the listing nests them."""
    found: dict[str, set[str]] = {}

    def walk(group: str, above: frozenset[str]) -> None:
        body = told.get(group, {})
        for host in body.get("hosts", ()):
            found.setdefault(host, set()).update(above | {group})
        for child in body.get("children", ()):
            walk(child, above | {group})

    walk("all", frozenset())
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_we_read_what_ansible_reads(case, tmp_path, ansible_inventory):
    inventory = case(tmp_path)
    told = told_by_ansible(ansible_inventory, inventory)
    ours = host_variables(inventory, [])
    assert {host.name: set(host.groups) for host in ours} == groups_told(told)
    variables = {
        host.name: {n: v.value for level in host.levels for n, v in level.items()} for host in ours
    }
    theirs = {host.name: told["_meta"]["hostvars"].get(host.name, {}) for host in ours}
    assert json.loads(json.dumps(plain(variables), default=str)) == theirs


REFUSED = (
    ("hosts.ini", "[a:children]\nb\n"),
    ("hosts.ini", "[a:vars]\nx=1\n"),
    ("hosts.ini", "rig1 x\n"),
    ("hosts.ini", "[a:strange]\n"),
    ("hosts.yml", "all: {hosts: [a]}\n"),
    ("hosts.yml", "- a\n"),
)


@pytest.mark.parametrize(("name", "text"), REFUSED)
def test_what_ansible_refuses_we_refuse(name, text, tmp_path, ansible_inventory):
    from deeprig.errors import InventoryProblem

    write(tmp_path / name, text)
    done = ask_ansible(ansible_inventory, tmp_path / name)
    assert done.returncode != 0
    assert "parse" in done.stderr.lower()
    with pytest.raises(InventoryProblem):
        host_variables(tmp_path / name, [])
