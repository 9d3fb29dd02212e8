"""``deeprig lab``: what a lab can be named, before anything is touched."""

import pytest
from click.testing import CliRunner

from deeprig.cli.lab import lab


@pytest.mark.parametrize(
    "name", ["", "..", "../x", "a/b", "-x", "A", "a b", "a\n", "a\nb", "\u0663", "a" * 32]
)
@pytest.mark.parametrize("command", ["up", "status", "ssh", "down"])
def test_a_name_that_could_lead_elsewhere_is_refused(command, name):
    result = CliRunner().invoke(lab, [command, f"--name={name}"])
    assert result.exit_code == 2, result.output
    assert "lower-case letters, digits and dashes" in result.output


def test_a_good_name_is_looked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(lab, ["status", "--name=0-a" + "b" * 28])
    assert result.exit_code != 0
    assert "lower-case" not in result.output
