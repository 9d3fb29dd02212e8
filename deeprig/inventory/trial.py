"""Render every template of a host's roles once before connecting, to find missing variables."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined, Template, TemplateError, TemplateSyntaxError

from deeprig.content import Content
from deeprig.errors import Problem
from deeprig.facts import HostFacts
from deeprig.inventory.model import DeclaredHost

#: Of all roles there are some sixty; a lab may have its own.
_MOST_TEMPLATES = 500
#: Stands for the facts that only a connection can tell; a template sees the same names later.
TRIAL_FACTS = HostFacts(
    distribution="debian",
    release="12",
    codename="bookworm",
    pretty_name="Debian GNU/Linux 12 (bookworm)",
    kernel="6.1.0",
    machine="x86_64",
    boot_id="00000000-0000-0000-0000-000000000000",
    python="3.11.2",
    virtualization="none",
    nvidia_devices=(),
)


def template_problems(
    host: DeclaredHost, content: Content, found: dict[str, tuple[Path, ...]] | None = None
) -> tuple[Problem, ...]:
    """Return the templates of the host's roles that cannot be rendered, each with its line.

    Whoever tries many hosts hands in ``found``, empty at first: it remembers where the templates
    of each role lie, so that they are looked for once.
    """
    found = {} if found is None else found
    problems = []
    for role, settings in host.role_settings.items():
        if host.roles is not None and role not in host.roles:
            continue
        if role not in found:
            found[role] = tuple(content.templates(role).values())
        for path in found[role]:
            variables = {
                "settings": settings,
                "host_name": host.name,
                "facts": TRIAL_FACTS,
                "network": host.settings.network_access,
            }
            problem = _trial(path, host.name, variables)
            if problem is not None:
                problems.append(problem)
    return tuple(problems)


@lru_cache(maxsize=_MOST_TEMPLATES)
def _compiled(text: str) -> Template:
    """Return a template; a hundred hosts have the same ones, and compiling is most of the work."""
    environment = Environment(  # noqa: S701 - configuration files, not HTML
        undefined=StrictUndefined, keep_trailing_newline=True
    )
    return environment.from_string(text)


def _trial(path: Path, host: str, variables: dict[str, Any]) -> Problem | None:
    try:
        _compiled(path.read_text(encoding="utf-8")).render(variables)
    except TemplateSyntaxError as error:
        return Problem(f"{host}: {path}:{error.lineno}", f"template syntax: {error.message}")
    except TemplateError as error:
        line = _line_of(error)
        return Problem(
            f"{host}: {path}{f':{line}' if line else ''}",
            f"template variable: {error.message}",
            "a template sees settings, host_name, facts and network",
        )
    except (OSError, UnicodeDecodeError) as error:
        return Problem(f"{host}: {path}", f"the template cannot be read: {error}")
    return None


def _line_of(error: BaseException) -> int | None:
    line = None
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
