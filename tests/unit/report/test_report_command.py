"""``deeprig report``: the newest report or a file, in four formats, and its exit codes."""

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from deeprig.cli import cli
from deeprig.report import store
from tests.unit.report import samples

ROOT = Path(__file__).parents[3]


@pytest.fixture
def lab_with_reports(tmp_path):
    (tmp_path / "inventory").mkdir()
    for report in (samples.full_plan(), samples.full_apply(), samples.full_verify()):
        store.save(report, tmp_path)
    return tmp_path


@pytest.fixture
def report(lab_with_reports):
    def run(*arguments):
        inventory = lab_with_reports / "inventory" / "lab.py"
        return CliRunner().invoke(cli, ["report", "-i", str(inventory), *map(str, arguments)])

    return run


def test_the_newest_is_shown_as_text_and_exits_0_though_the_hosts_failed(report):
    done = report()
    assert done.exit_code == 0
    assert done.stdout.endswith("1 of 3 hosts passed in 30.5 s\n")


def test_the_newest_of_a_command(report):
    assert "2 operations would change something" in report("--command", "plan").stdout


@pytest.mark.parametrize(
    "arguments", [("--json",), ("--format", "json"), ("--json", "--format", "json")]
)
def test_json_is_the_public_object(report, arguments):
    assert json.loads(report(*arguments).stdout) == samples.full_verify().to_json()


def test_junit_and_html(report):
    xml = ElementTree.fromstring(report("--format", "junit").stdout_bytes)  # noqa: S314 - our own XML
    assert xml.get("name") == "deeprig verify"
    assert report("--format", "html").stdout.startswith("<!doctype html>")


@pytest.mark.parametrize("form", ["text", "json", "junit", "html"])
def test_output_goes_to_the_file_and_standard_output_stays_empty(report, tmp_path, form):
    target = tmp_path / "report.out"
    done = report("--format", form, "--output", target)
    assert (done.exit_code, done.stdout) == (0, "")
    assert f"wrote {target}" in done.stderr
    text = target.read_text(encoding="utf-8")
    assert samples.LONG_EVIDENCE.strip() in text
    assert text.endswith("\n")


def test_a_text_file_gets_no_colours_even_if_the_environment_forces_them(
    report, tmp_path, monkeypatch
):
    monkeypatch.setenv("FORCE_COLOR", "1")
    report("--output", tmp_path / "report.txt")
    assert "\x1b" not in (tmp_path / "report.txt").read_text()


def test_verbose_shows_what_passed(report):
    assert "1:2.39.5" in report("--verbose").stdout
    assert "1:2.39.5" not in report().stdout


def test_a_file_is_shown_without_any_lab(tmp_path):
    path = store.save(samples.full_apply(), tmp_path)
    done = CliRunner().invoke(cli, ["report", str(path)])
    assert done.exit_code == 0
    assert "rig4" in done.stdout


def test_no_report_is_exit_2_with_the_remedy(tmp_path):
    done = CliRunner().invoke(cli, ["report", "-i", str(tmp_path / "lab.py")])
    assert done.exit_code == 2
    assert "run 'deeprig verify' first" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nothing.json",), "No such file or directory"),
        (("nothing.json", "--command", "plan"), "FILE and --command exclude each other"),
        (("--json", "--format", "html"), "--json and --format html exclude each other"),
        (("--output", "/nonexistent/report.html"), "it cannot be written"),
        (("--format", "pdf"), "'pdf' is not one of"),
    ],
)
def test_bad_usage_is_exit_2_in_one_message(report, arguments, message):
    done = report(*arguments)
    assert done.exit_code == 2
    assert message in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("form", ["text", "json", "junit", "html"])
@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_machine_without_utf8_gets_its_report(tmp_path, form, encoding):
    check = samples.check("fail", evidence="Grüße ✘ \udcff")
    path = store.save(samples.verify_report(samples.verified(check)), tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "deeprig", "report", str(path), "--format", form],
        env={**os.environ, "PYTHONIOENCODING": encoding, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    expected = {
        "text": "Grüße ✘".encode(encoding, "backslashreplace"),
        "json": b"Gr\\u00fc\\u00dfe \\u2718",
        "junit": "Grüße ✘".encode(),
        "html": "Grüße ✘".encode(),
    }
    assert expected[form] in done.stdout


def test_the_module_of_the_command_imports_nothing_heavy():
    program = (
        "import sys, deeprig.cli.report; print({'rich', 'jinja2', 'pyinfra'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "set()\n"
