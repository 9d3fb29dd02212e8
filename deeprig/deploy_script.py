"""Which roles a lab's deploy script gives its hosts, read without running it."""

from __future__ import annotations

import ast
from pathlib import Path

#: The script that apply runs, below the lab directory or built in.
DEPLOY_SCRIPT = "deploy/workstation.py"
_CALL = "deploy_roles"


def roles_named(script: Path) -> tuple[str, ...] | None:
    """Return the roles that a script's ``deploy_roles("base", ...)`` calls name, in their order.

    None where they are not all written out as text, or it is no Python: then only a run can tell.
    """
    try:
        tree = ast.parse(script.read_text(encoding="utf-8"), str(script))
    except SyntaxError:
        return None
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _is_ours(node.func)]
    names = [_text(argument) for call in calls for argument in call.args]
    known = [name for name in names if name is not None]
    if not calls or len(known) < len(names):
        return None
    return tuple(dict.fromkeys(known))


def _is_ours(function: ast.expr) -> bool:
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return bool(name == _CALL)


def _text(argument: ast.expr) -> str | None:
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        return argument.value
    return None
