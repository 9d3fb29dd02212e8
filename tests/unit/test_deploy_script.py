"""The roles of a deploy script are read from its text."""

from pathlib import Path

import pytest

from deeprig.deploy_script import DEPLOY_SCRIPT, roles_named

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("text", "roles"),
    [
        (
            'from deeprig.compose import deploy_roles\ndeploy_roles("base", "mine")',
            ("base", "mine"),
        ),
        ('import deeprig.compose as c\nc.deploy_roles("base")\nc.deploy_roles("x")', ("base", "x")),
        ('deploy_roles("base")\ndeploy_roles("conda", "base")', ("base", "conda")),
        ('names = ["base"]\ndeploy_roles(*names)', None),
        ('deploy_roles("base", name)', None),
        ('deploy_roles("base", 1)', None),
        ("print('no roles at all')", None),
        ("deploy_roles(", None),
    ],
)
def test_roles_are_known_where_they_are_written_out(tmp_path, text, roles):
    script = tmp_path / "workstation.py"
    script.write_text(text)
    assert roles_named(script) == roles


def test_the_built_in_script_names_every_built_in_role():
    named = roles_named(ROOT / DEPLOY_SCRIPT)
    assert named is not None
    assert set(named) == {path.parent.name for path in (ROOT / "roles").glob("*/__init__.py")}
