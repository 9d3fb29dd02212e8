"""The CI examples and the drift timer, by the services' own schemas and by our command line."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from deeprig.cli import cli
from deeprig.lab.recipe import RELEASES
from tests.ci import pipeline
from tests.ci.nothing_changed import changes
from tests.e2e.running import ROOT

GITHUB = ROOT / "docs/ci/github-lab.yml"
GITLAB = ROOT / "docs/ci/gitlab-lab.yml"
OWN = ROOT / ".github/workflows/test.yml"
UNITS = ("deeprig-drift.service", "deeprig-drift.timer", "deeprig-drift-mail@.service")


def jobs(path):
    text = path.read_text(encoding="utf-8")
    if path == GITLAB:
        return pipeline.gitlab(text)
    if path == OWN:
        return [
            job
            for cell in pipeline.github_cells(text, "role")
            for job in pipeline.github(text, cell)
        ]
    return pipeline.github(text)


def accept(words):
    """Parse a command line as deeprig does, and run nothing. Raise click.UsageError."""
    command: click.Command = cli
    rest = list(words)
    while isinstance(command, click.Group):
        name = rest.pop(0) if rest else ""
        found = command.get_command(click.Context(command), name)
        if found is None:
            raise click.UsageError(f"no such command: {name}")
        command = found
    with command.make_context(command.name, rest):
        pass


def called(path):
    return [words for job in jobs(path) for step in job.steps for words in pipeline.commands(step)]


@pytest.mark.parametrize(
    ("schema", "path"),
    [("github-workflows", GITHUB), ("github-workflows", OWN), ("gitlab-ci", GITLAB)],
    ids=lambda value: getattr(value, "name", value),
)
def test_the_service_s_schema_is_kept(schema, path):
    done = checked(schema, path)
    assert done.returncode == 0, done.stdout


def test_the_schemas_refuse_what_is_wrong(tmp_path):
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(GITHUB.read_text().replace("runs-on:", "run-on:"))
    assert checked("github-workflows", wrong).returncode == 1
    wrong.write_text(GITLAB.read_text().replace("exit_codes:", "exit_code:"))
    assert checked("gitlab-ci", wrong).returncode == 1


def checked(schema, path):
    program = Path(sys.executable).with_name("check-jsonschema")
    return subprocess.run(
        [str(program), "--builtin-schema", f"vendor.{schema}", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("path", [GITHUB, GITLAB, OWN], ids=lambda path: path.name)
def test_our_command_line_accepts_every_command(path):
    found = called(path)
    assert {words[0] for words in found} >= {"plan", "verify", "report"}
    for words in found:
        accept(pipeline.without_redirection(words))


@pytest.mark.parametrize(
    "words",
    [
        ["plan", "-i", "x.py", "--detailed-exit-code"],
        ["verifies", "-i", "x.py"],
        ["report", "--format", "xml"],
        ["lab", "lift"],
    ],
)
def test_a_command_that_we_have_not_is_refused(words):
    with pytest.raises(click.UsageError):
        accept(words)


@pytest.mark.parametrize("path", [GITHUB, GITLAB, OWN], ids=lambda path: path.name)
def test_what_is_kept_is_what_the_commands_write(path):
    for job in jobs(path):
        found = [words for step in job.steps for words in pipeline.commands(step)]
        written = {file for words in found for file in pipeline.outputs(words)}
        assert set(job.artifacts) == written, f"{path.name}: {job.name}"


def test_an_artifact_that_nobody_writes_is_seen():
    text = GITHUB.read_text().replace("--junit results/verify.xml", "")
    (job,) = pipeline.github(text)
    found = [words for step in job.steps for words in pipeline.commands(step)]
    written = {file for words in found for file in pipeline.outputs(words)}
    assert set(job.artifacts) - written == {"results/verify.xml"}


@pytest.mark.parametrize("path", [GITHUB, GITLAB, OWN], ids=lambda path: path.name)
def test_every_script_is_bash_and_every_variable_is_known(path):
    known = {"PATH", "PWD", "RUNNER_TEMP", "GITHUB_PATH", "LAB_SSH_KEY", "LAB_KNOWN_HOSTS"}
    for job in jobs(path):
        for step in job.steps:
            subprocess.run(["bash", "-n"], input=step.script, text=True, check=True)
            used = set(pipeline.variables_of(step.script))
            assert used <= known | set(step.variables), f"{job.name}: {step.name}"


def test_every_cell_of_the_matrix_has_settings_and_a_system():
    cells = pipeline.github_cells(OWN.read_text(), "role")
    assert {cell["os"] for cell in cells} == set(RELEASES)
    assert {cell["role"] for cell in cells} <= {p.name for p in (ROOT / "roles").iterdir()}
    data = {path.stem for path in (ROOT / "tests/ci").glob("*.py")}
    assert {cell["role"] for cell in cells} <= data


@pytest.mark.parametrize(
    ("host", "status", "found"),
    [
        ("ok", "unchanged", []),
        ("ok", "changed", ["rig1: Set it (changed)"]),
        ("failed", "failed", ["rig1: failed", "rig1: Set it (failed)"]),
        ("unreachable", "unchanged", ["rig1: unreachable"]),
    ],
)
def test_a_second_apply_that_changes_or_fails_is_seen(host, status, found):
    operations = [{"name": "Set it", "status": status}]
    report = {"hosts": [{"host": "rig1", "status": host, "operations": operations}]}
    assert changes(report) == found


@pytest.fixture
def units(tmp_path):
    """The drift units, with a program that is there in place of deeprig."""
    for name in UNITS:
        text = (ROOT / "docs/ci" / name).read_text()
        (tmp_path / name).write_text(text.replace("/opt/deeprig/bin/deeprig", shutil.which("true")))
    return tmp_path


def analyzed(units):
    return subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(str(units / name) for name in UNITS)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"SYSTEMD_UNIT_PATH": f"{units}:"},
    )


def test_systemd_accepts_the_drift_units(units):
    done = analyzed(units)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("deeprig-drift.timer", "OnCalendar=*-*-* 04:17", "OnCalendar=every morning"),
        ("deeprig-drift.service", "ProtectSystem=", "ProtectSytem="),
        ("deeprig-drift.service", "ExecStart=/", "ExecStart="),
    ],
)
def test_systemd_tells_what_is_wrong_in_a_unit(units, name, old, new):
    text = (units / name).read_text()
    assert old in text
    (units / name).write_text(text.replace(old, new))
    assert analyzed(units).stderr


def test_the_drift_service_calls_deeprig_as_it_can_be_called():
    program, *words = pipeline.units_command(ROOT / "docs/ci/deeprig-drift.service")
    assert program.startswith("/")
    accept(words)
