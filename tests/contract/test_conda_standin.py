"""The stand-in conda does what deeprig relies on conda for, with a real solver and real links.

What is simulated is the `conda` program and the installer; the channel, the solves, the
packages and the environments are real. Each case names conda's exit code and error.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.channel.api import DEFAULT_CACHE, ChannelBuild, build

PYTHON = "python=3.11"
NOBODY = 65534


@dataclass(frozen=True, slots=True)
class Conda:
    """An installed stand-in, run as a user with a home directory of its own."""

    root: Path
    home: Path
    url: str

    @property
    def environ(self) -> dict[str, str]:
        return {"HOME": str(self.home), "PATH": os.defpath, "LC_ALL": "C.UTF-8"}

    def run(self, *words: str | Path, user: int | None = None, **environ: str):
        """Run conda; standard input is empty, as under deeprig."""
        return subprocess.run(
            [self.root / "bin/conda", *words],
            env={**self.environ, **environ},
            user=user,
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def create(self, prefix: Path, *specs: str, **environ: str):
        """Create an environment from the local channel only."""
        source = ("--override-channels", "-c", self.url)
        return self.run("create", "-y", "-p", prefix, *source, *specs, **environ)

    def ok(self, *words: str | Path, **environ: str) -> str:
        """Run conda, which must succeed, and return its standard output."""
        done = self.run(*words, **environ)
        assert done.returncode == 0, done.stderr
        return done.stdout


def refused(done, kind: str) -> str:
    """Assert that conda exited with 1 and one named error, and return standard error."""
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stderr.startswith(f"\n{kind}: ")
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.fixture(scope="session")
def channel() -> ChannelBuild:
    return build(DEFAULT_CACHE / "out")


@pytest.fixture(scope="session")
def conda(channel, tmp_path_factory) -> Conda:
    """A fresh installation; tests make environments of their own in it."""
    place = tmp_path_factory.mktemp("conda")
    # pytest makes it 0700; an ordinary user must reach an installation that all share.
    for folder in (place, *list(place.parents)[:2]):
        folder.chmod(0o755)
    (place / "home").mkdir()
    subprocess.run(
        ["sh", channel.installer, "-b", "-p", place / "conda"], check=True, capture_output=True
    )
    return Conda(place / "conda", place / "home", channel.channel.as_uri())


@pytest.fixture(scope="session")
def shared(conda) -> Path:
    """An environment named `shared` that tests only read."""
    prefix = conda.root / "envs" / "shared"
    done = conda.create(prefix, PYTHON, "six=1.16.0")
    assert done.returncode == 0, done.stderr
    return prefix


def test_what_is_simulated_says_so(conda):
    assert (conda.root / ".deeprig-simulated").is_file()
    assert json.loads(conda.ok("info", "--json"))["simulated"] is True


def test_create_makes_an_environment_that_runs(conda, shared):
    program = "import six, sys; print(six.__version__, sys.prefix)"
    done = subprocess.run(
        [shared / "bin/python", "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["1.16.0", str(shared)]
    history = (shared / "conda-meta/history").read_text()
    assert "# update specs: ['python=3.11', 'six=1.16.0']" in history


def test_an_environment_that_exists_is_not_made_again(conda, shared):
    refused(conda.create(shared, "idna"), "CondaValueError")
    assert not list(shared.glob("conda-meta/idna-*.json"))


def test_dry_run_solves_and_writes_nothing(conda, tmp_path):
    done = conda.create(tmp_path / "env", "idna=3.6", "--dry-run", "--json")
    plan = json.loads(done.stdout)
    assert plan["success"]
    assert "idna-3.6-pyhd8ed1ab_0" in [p["dist_name"] for p in plan["actions"]["LINK"]]
    assert not (tmp_path / "env").exists()


@pytest.mark.parametrize("flag", ["--sha256", "--md5"])
def test_a_lock_round_trips_without_a_solve(conda, shared, tmp_path, flag):
    lock = tmp_path / "lock"
    lock.write_text(conda.ok("list", "-n", "shared", "--explicit", flag))
    # No channel is configured that could be reached: a solve would fail.
    conda.ok("create", "-y", "-p", tmp_path / "env", "--file", lock)
    assert conda.ok("list", "-p", tmp_path / "env", "--explicit", flag) == lock.read_text()


def test_a_lock_without_checksums_gives_a_lock_with_them(conda, shared, tmp_path):
    lock = tmp_path / "lock"
    lock.write_text(conda.ok("list", "-n", "shared", "--explicit"))
    assert "#sha256" not in lock.read_text()
    conda.ok("create", "-y", "-p", tmp_path / "env", "--file", lock)
    written = conda.ok("list", "-p", tmp_path / "env", "--explicit", "--sha256")
    assert written == conda.ok("list", "-n", "shared", "--explicit", "--sha256")


def test_a_wrong_checksum_is_refused_and_nothing_installed(conda, shared, tmp_path):
    good = conda.ok("list", "-n", "shared", "--explicit", "--sha256")
    (tmp_path / "lock").write_text(re.sub(r"sha256:[0-9a-f]{4}", "sha256:0000", good))
    done = conda.run("create", "-y", "-p", tmp_path / "env", "--file", tmp_path / "lock")
    assert "expected sha256: 0000" in refused(done, "ChecksumMismatchError")
    assert not (tmp_path / "env").exists()


def test_install_adds_and_leaves_what_is_there(conda, shared, tmp_path):
    lock = tmp_path / "lock"
    lock.write_text(conda.ok("list", "-n", "shared", "--explicit", "--sha256"))
    prefix = tmp_path / "env"
    conda.ok("create", "-y", "-p", prefix, "--file", lock)  # asks for no spec: six is not pinned
    source = ("--override-channels", "-c", conda.url)
    conda.ok("install", "-y", "-p", prefix, *source, "idna=3.6")
    rows = json.loads(conda.ok("list", "-p", prefix, "--json"))
    assert {row["name"]: row["version"] for row in rows}.items() >= {
        ("six", "1.16.0"),
        ("idna", "3.6"),
    }
    _, _, transaction = (prefix / "conda-meta/history").read_text().rpartition("==>")
    changed = [line for line in transaction.splitlines() if line[0] in "+-"]
    assert [line.rpartition("::")[2] for line in changed] == ["idna-3.6-pyhd8ed1ab_0"]
    assert transaction.endswith("# update specs: ['idna=3.6']\n")


def test_a_link_that_fails_leaves_no_environment(conda, tmp_path):
    package = f"{conda.url}/noarch/six-1.17.0-pyhd8ed1ab_0.conda"  # needs python, not listed
    (tmp_path / "lock").write_text(f"@EXPLICIT\n{package}\n")
    done = conda.run("create", "-y", "-p", tmp_path / "env", "--file", tmp_path / "lock")
    assert "no python version" in refused(done, "CondaLinkError")
    assert not (tmp_path / "env").exists()


def test_list_has_condas_forms(conda, shared):
    rows = json.loads(conda.ok("list", "-p", shared, "--json"))
    assert {"name": "six", "version": "1.16.0", "platform": "noarch"}.items() <= rows[1].items()
    table = conda.ok("list", "-n", "shared").splitlines()
    assert table[0] == f"# packages in environment at {shared}:"
    assert table[-1].split()[:3] == ["six", "1.16.0", "pyhd8ed1ab_0"]
    assert "six=1.16.0=pyhd8ed1ab_0" in conda.ok("list", "-n", "shared", "--export").splitlines()


def test_list_of_no_environment_names_it(conda, tmp_path):
    assert str(tmp_path) in refused(
        conda.run("list", "-p", tmp_path), "EnvironmentLocationNotFound"
    )
    refused(conda.run("list", "-n", "nosuch"), "EnvironmentNameNotFound")


def test_env_export_pins_all_and_from_history_what_was_asked_for(conda, shared):
    whole = conda.ok("env", "export", "-n", "shared").splitlines()
    assert whole[0] == "name: shared"
    assert "  - six=1.16.0=pyhd8ed1ab_0" in whole
    asked = json.loads(conda.ok("env", "export", "-n", "shared", "--from-history", "--json"))
    assert asked["dependencies"] == [PYTHON, "six=1.16.0"]


def test_environments_are_listed(conda, shared):
    envs = json.loads(conda.ok("env", "list", "--json"))["envs"]
    assert envs[0] == str(conda.root)
    assert str(shared) in envs


def test_run_returns_the_programs_exit_code(conda, shared):
    program = ("python", "-c", "import sys; sys.exit(7)")
    assert conda.run("run", "-n", "shared", *program).returncode == 7
    missing = conda.run("run", "-n", "shared", "no-such-program")
    assert missing.returncode == 127
    assert "no-such-program" in missing.stderr


def test_run_gives_the_program_its_arguments_and_its_environment(conda, shared):
    script = 'echo "$CONDA_DEFAULT_ENV $CONDA_PREFIX $*"'
    told = conda.ok("run", "-n", "shared", "sh", "-c", script, "sh", "a", "--", "--json")
    assert told == f"shared {shared} a -- --json\n"


def test_activate_and_deactivate_change_the_shell(conda, shared):
    script = f"""
        set -eu
        . {conda.root}/etc/profile.d/conda.sh
        before=$PATH
        conda activate shared
        echo "$CONDA_PREFIX $CONDA_DEFAULT_ENV $CONDA_SHLVL $(command -v python) $PS1"
        conda activate base
        echo "$CONDA_DEFAULT_ENV $CONDA_SHLVL"
        conda deactivate
        echo "$CONDA_DEFAULT_ENV $CONDA_SHLVL"
        conda deactivate
        [ "$PATH" = "$before" ] && echo "${{CONDA_PREFIX-none}} $CONDA_SHLVL"
        conda activate nosuch || echo "refused with $?"
    """
    done = subprocess.run(
        ["bash", "-c", script], env=conda.environ, capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines() == [
        f"{shared} shared 1 {shared}/bin/python (shared) ",
        "base 2",
        "shared 1",
        "none 0",
        "refused with 1",
    ]
    assert "EnvironmentNameNotFound" in done.stderr


def test_an_unknown_option_exits_with_2(conda, tmp_path):
    done = conda.create(tmp_path / "env", "--no-such-option", "six")
    assert done.returncode == 2
    assert "unrecognized arguments: --no-such-option" in done.stderr


def test_a_missing_package_is_named(conda, tmp_path):
    done = conda.create(tmp_path / "env", "six", "no-such-package")
    assert "  - no-such-package\n" in refused(done, "PackagesNotFoundError")
    assert not (tmp_path / "env").exists()


def test_specs_that_nothing_satisfies_are_explained(conda, tmp_path):
    done = conda.create(tmp_path / "env", "deeprig-unsolvable")
    assert "deeprig-does-not-exist" in refused(done, "LibMambaUnsatisfiableError")
    assert not (tmp_path / "env").exists()


def test_a_spec_that_is_none_is_named(conda, tmp_path):
    assert "six=>=1=2=3" in refused(
        conda.create(tmp_path / "env", "six=>=1=2=3"), "InvalidMatchSpec"
    )


def test_an_index_that_is_no_json_is_named(conda, channel, tmp_path):
    for subdir in ("linux-64", "noarch"):
        (tmp_path / "bad" / subdir).mkdir(parents=True)
        (tmp_path / "bad" / subdir / "repodata.json").write_text("<html>busy</html>")
    source = ("--override-channels", "-c", (tmp_path / "bad").as_uri())
    done = conda.run("create", "-y", "-p", tmp_path / "env", *source, "six")
    assert "bad/linux-64/repodata.json" in refused(done, "CondaError")


@pytest.mark.parametrize(("cuda", "kind"), [("12.4", "cuda"), ("11.8", "cpu"), ("", "cpu")])
def test_the_variant_follows_the_cuda_that_the_host_has(conda, tmp_path, cuda, kind):
    done = conda.create(tmp_path / "env", "deeprig-variant", CONDA_OVERRIDE_CUDA=cuda)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "env/share/deeprig-variant").read_text() == f"{kind}\n"


@pytest.mark.parametrize("glibc", ["2.17", ""])
def test_a_host_with_an_old_or_no_glibc_gets_no_python(conda, tmp_path, glibc):
    done = conda.create(tmp_path / "env", PYTHON, CONDA_OVERRIDE_GLIBC=glibc)
    assert "__glibc" in refused(done, "LibMambaUnsatisfiableError")


def test_a_linked_environment_is_removed_as_conda_removes_it(conda, tmp_path):
    target = tmp_path / "generation"
    assert conda.create(target, "deeprig-variant").returncode == 0
    (target / "mine").touch()
    link = conda.root / "envs" / "linked"
    link.symlink_to(target)
    conda.ok("remove", "-y", "-n", "linked", "--all")
    assert not link.is_symlink()
    assert not (target / "share/deeprig-variant").exists()
    assert (target / "mine").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user: needs root")
def test_an_ordinary_user_reads_a_prefix_of_root_and_cannot_change_it(conda, shared):
    told = conda.run("list", "-p", shared, user=NOBODY, HOME="/nonexistent")
    assert told.returncode == 0, told.stderr
    assert "six" in told.stdout
    source = ("--override-channels", "-c", conda.url)
    for words in (("install", "-y", "-p", shared), ("create", "-y", "-p", conda.root / "envs/x")):
        done = conda.run(*words, *source, "idna", user=NOBODY, HOME="/nonexistent")
        assert f"uid: {NOBODY}" in refused(done, "EnvironmentNotWritableError")
    assert not (conda.root / "envs/x").exists()


def test_the_installer_refuses_an_occupied_prefix_and_a_damaged_payload(channel, conda, tmp_path):
    again = subprocess.run(
        ["sh", channel.installer, "-b", "-p", conda.root], capture_output=True, check=False
    )
    assert again.returncode == 1
    assert b"already exists" in again.stderr
    damaged = tmp_path / "installer.sh"
    shutil.copy(channel.installer, damaged)
    with damaged.open("ab") as stream:
        stream.write(b"x")
    done = subprocess.run(
        ["sh", damaged, "-b", "-p", tmp_path / "conda"], capture_output=True, check=False
    )
    assert done.returncode == 1
    assert b"damaged" in done.stderr
    assert not (tmp_path / "conda").exists()
