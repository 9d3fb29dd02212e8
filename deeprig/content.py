"""Where roles, deploy scripts and templates are: the lab's own directory first, then the built-in.

Roles are found as Ansible finds them. The built-in content lies beside this package in a checkout
and inside it in a wheel; nothing is installed as a top-level ``roles`` package.
"""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from deeprig.errors import UsageProblem

if TYPE_CHECKING:
    from deeprig.role import AnyRole

_PACKAGE = Path(__file__).resolve().parent


def builtin_root() -> Path:
    """Return the directory of the built-in ``roles``, ``deploy``, ``templates`` and ``host``."""
    inside_wheel = _PACKAGE / "content"
    return inside_wheel if inside_wheel.is_dir() else _PACKAGE.parent


@dataclass(frozen=True, slots=True)
class Content:
    """A search path over content directories; an earlier one shadows a later one."""

    roots: tuple[Path, ...]

    @classmethod
    def of(cls, lab_directory: Path) -> Content:
        """Return the search path of a lab directory: its own content, then the built-in."""
        builtin = builtin_root()
        own = lab_directory.resolve()
        return cls((own, builtin) if own != builtin else (builtin,))

    def role_names(self) -> tuple[str, ...]:
        """Return the names of all roles on the search path, sorted."""
        found = {
            entry.parent.name for root in self.roots for entry in root.glob("roles/*/__init__.py")
        }
        return tuple(sorted(found))

    def role(self, name: str) -> AnyRole:
        """Import a role and return its ``ROLE``. Raise UsageProblem when it does not expose one."""
        from deeprig.role import Role

        self.activate()
        try:
            module = importlib.import_module(f"roles.{name}")
        except (ImportError, SyntaxError) as error:
            raise UsageProblem(
                f"it cannot be imported: {type(error).__name__}: {error}",
                place=f"role {name}",
                remedy="mend the role's Python, or remove it from the lab directory",
            ) from error
        role = getattr(module, "ROLE", None)
        if not isinstance(role, Role) or role.name != name:
            raise UsageProblem(
                f"roles/{name}/__init__.py exposes no ROLE named {name!r}",
                place=f"role {name}",
                remedy="see CONTRIBUTING.md, 'Add a role in five steps'",
            )
        return role

    def templates(self, role: str) -> dict[str, Path]:
        """Return the role's templates: path where each lands (no leading slash) to its file."""
        found: dict[str, Path] = {}
        for root in reversed(self.roots):
            base = root / "templates" / role
            found.update(
                {str(p.relative_to(base)): p for p in sorted(base.rglob("*")) if p.is_file()}
            )
        return found

    def template(self, role: str, lands_at: str) -> Path:
        """Return the file of one template. ``lands_at`` is the absolute path on the host."""
        wanted = lands_at.lstrip("/")
        for root in self.roots:
            candidate = root / "templates" / role / wanted
            if candidate.is_file():
                return candidate
        raise UsageProblem(
            f"no template templates/{role}/{wanted} in {', '.join(map(str, self.roots))}",
            place=f"role {role}",
            remedy="add the file: a template lies at the path where it lands on the host",
        )

    def file(self, relative: str) -> Path:
        """Return the first ``relative`` on the search path (such as ``deploy/workstation.py``)."""
        for root in self.roots:
            if (root / relative).exists():
                return root / relative
        raise UsageProblem(
            f"no {relative} in {', '.join(map(str, self.roots))}",
            remedy="reinstall deeprig: its built-in content is incomplete",
        )

    def activate(self) -> None:
        """Make ``import roles.<name>`` follow this search path, for this process.

        The package object is ours, so that a ``roles`` package of somebody else's in
        site-packages can neither shadow the lab's roles nor be shadowed file by file.
        """
        package = sys.modules.get("roles")
        if package is None:
            package = ModuleType("roles", "deeprig roles: the lab's own, then the built-in.")
            sys.modules["roles"] = package
        package.__path__ = [str(root / "roles") for root in self.roots]
