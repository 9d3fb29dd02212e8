"""The built wheel: complete, no stray top-level packages, and working from any directory."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    out = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--outdir", str(out), str(ROOT))
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """An environment with the wheel and nothing of the checkout."""
    environment = tmp_path_factory.mktemp("installed")
    run(sys.executable, "-m", "venv", str(environment))
    run(str(environment / "bin/pip"), "install", "-q", str(wheel))
    return environment


def run(*command, cwd="/", code=0):
    clean = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=cwd, env=clean, timeout=600, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done


def test_the_wheel_has_one_top_level_package_and_all_content(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"deeprig"}
    content = {
        n.removeprefix("deeprig/content/") for n in names if n.startswith("deeprig/content/")
    }
    tracked = run(
        "git", "ls-files", "roles", "templates", "deploy", "host", cwd=ROOT
    ).stdout.split()
    assert set(tracked) <= content
    assert "deeprig/report/page.html.jinja" in names
    certificate = {"page.html.jinja", "host.html.jinja", "style.css"}
    assert {f"deeprig/certificate/templates/{name}" for name in certificate} <= set(names)
    assert "deeprig/starter_files/lab.py.jinja" in names
    assert "deeprig/py.typed" in names
    carried = {"host_lock.sh", "processes.sh", "steady.sh", "steady_worker.sh"}
    assert {f"deeprig/engine/{name}" for name in carried} <= set(names)
    assert not [name for name in names if "__pycache__" in name or name.startswith("tests")]


def test_site_packages_gets_no_top_level_roles_deploy_or_templates(installed):
    site = next((installed / "lib").glob("python3*/site-packages"))
    for name in ("roles", "deploy", "templates", "host", "inventory", "tests", "deeprig_host"):
        assert not (site / name).exists(), name


def test_it_works_from_the_root_directory(installed, tmp_path):
    deeprig = str(installed / "bin/deeprig")
    assert "Commands:" in run(deeprig, "--help").stdout
    run(deeprig, "init", str(tmp_path / "lab"), "--host", "root@127.0.0.1:1")
    inventory = str(tmp_path / "lab/inventory/lab.py")
    # Nobody listens on port 1: that the host is contacted at all shows that roles, templates
    # and the deploy script were found and rendered.
    done = run(deeprig, "plan", "-i", inventory, "--json", code=3)
    assert '"unreachable"' in done.stdout
    unknown = run(deeprig, "plan", "-i", inventory, "--role", "bse", code=2)
    assert "did you mean 'base'" in unknown.stderr


def test_help_of_every_command_works_from_the_wheel(installed):
    deeprig = str(installed / "bin/deeprig")
    for command in ("init", "plan", "apply", "verify", "lock", "report", "lab"):
        assert "Usage:" in run(deeprig, command, "--help").stdout


def test_pipx_installs_the_wheel(wheel, tmp_path):
    pipx = tmp_path / "pipx"
    run(sys.executable, "-m", "venv", str(pipx))
    run(str(pipx / "bin/pip"), "install", "-q", "pipx")
    environment = {"PIPX_HOME": str(tmp_path / "home"), "PIPX_BIN_DIR": str(tmp_path / "bin")}
    command = ["env", *(f"{k}={v}" for k, v in environment.items())]
    run(*command, str(pipx / "bin/pipx"), "install", "--python", sys.executable, str(wheel))
    assert "deeprig, version" in run(str(tmp_path / "bin/deeprig"), "--version").stdout
    # What a host's environment is made of is at hand there: a pip, and the programs' wheel.
    python = next((tmp_path / "home/venvs").glob("*/bin/python"))
    assert run(str(python), "-c", _CARRIED).stdout.split() == ["pip", "deeprig_host"]


_CARRIED = """
import io, zipfile
from deeprig.content import builtin_root
from deeprig.wheels.build import build_wheel
from deeprig.wheels.download import find_pip
from deeprig.wheels.lock import read_lock
programs = builtin_root() / "host"
wheel = build_wheel(programs, read_lock(programs / "requirements.lock", "x86_64"))
tops = {name.split("/")[0] for name in zipfile.ZipFile(io.BytesIO(wheel)).namelist()}
print(find_pip()[-1], *(top for top in tops if not top.endswith(".dist-info")))
"""


def test_an_editable_install_works_from_the_root_directory(tmp_path):
    environment = tmp_path / "editable"
    run(sys.executable, "-m", "venv", str(environment))
    run(str(environment / "bin/pip"), "install", "-q", "-e", str(ROOT))
    site = next((environment / "lib").glob("python3*/site-packages"))
    assert not (site / "roles").exists()
    deeprig = str(environment / "bin/deeprig")
    run(deeprig, "init", str(tmp_path / "lab"), "--host", "root@127.0.0.1:1")
    run(deeprig, "plan", "-i", str(tmp_path / "lab/inventory/lab.py"), code=3)
