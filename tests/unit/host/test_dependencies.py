"""No package is carried to every host for nothing, and none is used that is not carried."""

import ast
import re
from pathlib import Path

HOST = Path(__file__).parents[3] / "host"
#: By what name a package is imported where it is not its own.
_IMPORTED_AS = {"nvidia_ml_py": "pynvml"}


def imported():
    found = set()
    for file in (HOST / "deeprig_host").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {name.name.partition(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    return found


def test_every_carried_package_is_imported_by_a_program():
    lock = (HOST / "requirements.lock").read_text(encoding="utf-8")
    names = {name.replace("-", "_") for name in re.findall(r"^([\w-]+)==", lock, re.MULTILINE)}
    assert len(names) >= 3
    assert {_IMPORTED_AS.get(name, name) for name in names} <= imported()
