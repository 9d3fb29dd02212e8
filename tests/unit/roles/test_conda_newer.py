"""What `deeprig update --environments` finds to be newer, from the dry runs' own documents."""

import json

import pytest
from pyinfra.api.exceptions import FactProcessError

from deeprig.report.model import VersionMove
from roles.conda.facts import InstalledEnvironment
from roles.conda.newer import PipUpgrades, SolvedPackages, conda_words, moves, pip_words
from roles.conda.settings import CondaSettings, EnvironmentSettings

DECLARED = EnvironmentSettings(
    name="torch", python="3.11", packages=("numpy",), pip={"packages": ["torch>=2"]}
)
INSTALLED = InstalledEnvironment(
    "/opt/conda/generations/torch/x",
    conda_packages=(("python", "3.11.9", "h1"), ("numpy", "1.26.0", "py"), ("old", "1", "0")),
    pip_packages=(("torch", "2.12.0"), ("numpy", "1.26.0")),
)


def conda_document(**versions):
    linked = [{"name": name, "version": version} for name, version in versions.items()]
    return json.dumps({"success": True, "actions": {"LINK": linked}}).splitlines()


def test_every_difference_is_a_move_and_no_difference_is_none():
    solved = SolvedPackages().process(conda_document(python="3.11.10", numpy="1.26.0", new="2"))
    assert moves(DECLARED, INSTALLED, solved, {"torch": "2.13.0"}) == (
        VersionMove("torch: new", "", "2"),
        VersionMove("torch: old", "1", ""),
        VersionMove("torch: python", "3.11.9", "3.11.10"),
        VersionMove("torch: torch", "2.12.0", "2.13.0"),
    )
    same = {"python": "3.11.9", "numpy": "1.26.0", "old": "1"}
    assert moves(DECLARED, INSTALLED, same, {}) == ()
    # What conda itself brings in another version is conda's move, and is not told twice.
    assert moves(DECLARED, INSTALLED, same | {"torch": "2.13.0"}, {"torch": "2.13.0"}) == (
        VersionMove("torch: torch", "", "2.13.0"),
    )


def test_pips_report_names_what_it_would_install():
    report = {"version": "1", "install": [{"metadata": {"name": "Torch", "version": "2.13.0"}}]}
    assert PipUpgrades().process([json.dumps(report)]) == {"torch": "2.13.0"}
    assert PipUpgrades().process(['{"version": "1", "install": []}']) == {}


@pytest.mark.parametrize(
    "output",
    [["no json"], ["[]"], ['{"success": false, "message": "nothing provides torch-gpu"}']],
)
def test_a_solve_without_a_solution_is_no_answer(output):
    with pytest.raises(FactProcessError):
        SolvedPackages().process(output)


def test_the_dry_runs_ask_for_what_is_declared_and_install_nothing():
    settings = CondaSettings(channels=("mine",), environments=(DECLARED,))
    words = conda_words(settings, DECLARED)
    assert words[:3] == ("/opt/conda/bin/conda", "create", "--dry-run")
    assert words[-3:] == ("python=3.11", "pip", "numpy")
    assert words[words.index("-c") : words.index("-c") + 2] == ("-c", "mine")
    words = pip_words(settings, DECLARED)
    assert words[0] == "/opt/conda/envs/torch/bin/python"
    assert {"--dry-run", "--upgrade", "torch>=2"} <= set(words)
