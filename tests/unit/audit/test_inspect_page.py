"""docs/inspect.md says what the rules say."""

import pytest

from deeprig.audit.declaration import HardwareDeclaration
from deeprig.audit.rules import ALL_USES, RULES
from tests.unit.audit import inspect_page


def test_the_page_is_up_to_date():
    current = inspect_page.PAGE.read_text(encoding="utf-8")
    assert current == inspect_page.page(), "run python -m tests.unit.audit.inspect_page"


def test_every_rule_has_its_row():
    rows = [line for line in inspect_page.page().splitlines() if line.startswith("| `")]
    assert len(rows) == len(RULES) == len({row.split("`")[1] for row in rows})


@pytest.mark.parametrize("field", HardwareDeclaration.model_fields)
def test_every_declaration_is_told(field):
    assert f'"{field}"' in inspect_page.page()


def test_a_rules_name_and_source_do_not_depend_on_the_use():
    for rule in RULES:
        findings = [inspect_page.finding_of(rule, use) for use in ALL_USES]
        assert len({(finding.rule, finding.source) for finding in findings}) == 1
