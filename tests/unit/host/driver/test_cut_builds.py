"""What DKMS leaves half when it is cut is made again: by both programs that repair.

dpkg-query stands in, with the answers of a machine whose package nvidia-dkms is as a test says.
"""

import os
import re
import subprocess
from pathlib import Path

import pytest
from deeprig_host.driver.cut_builds import forget_cut_builds
from deeprig_host.machine.commands import Done, Machine

WORKER = Path(__file__).parents[4] / "deeprig/engine/steady_worker.sh"
TREE = "var/lib/dkms"
QUERY = """#!/bin/sh
case "$*" in
    "-S /usr/src/nvidia-580.1/dkms.conf") echo "nvidia-dkms: /usr/src/nvidia-580.1/dkms.conf" ;;
    *"-W -f "*" nvidia-dkms") printf %s STATUS ;;
    *) exit 1 ;;
esac
"""


class Said:
    def __init__(self):
        self.lines = []

    def say(self, line):
        self.lines.append(line)


def by_driver_program(root, programs):
    def run(*words, **_):
        assert words[0] == "dpkg-query"
        done = subprocess.run((programs / words[0], *words[1:]), capture_output=True, text=True)
        return Done(words, done.returncode, done.stdout)

    said = Said()
    forget_cut_builds(Machine(root, run), said)
    return said.lines


def by_steady_worker(root, programs):
    text = WORKER.read_text(encoding="utf-8")
    (function,) = re.findall(r"^forget_cut_builds\(\) \{\n.*?^\}\n", text, re.S | re.M)
    script = f"set -u\n{function}forget_cut_builds\n".replace("/var/lib/dkms", f"{root}/{TREE}")
    paths = os.environ | {"PATH": f"{programs}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["sh"], input=script, capture_output=True, text=True, check=False, env=paths
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


@pytest.fixture(params=[by_driver_program, by_steady_worker])
def forget(request, tmp_path):
    """Repair a machine whose package has a status of dpkg's."""

    def call(status="half-configured"):
        programs = tmp_path / "programs"
        programs.mkdir(exist_ok=True)
        (programs / "dpkg-query").write_text(QUERY.replace("STATUS", status))
        (programs / "dpkg-query").chmod(0o755)
        return request.param(tmp_path, programs)

    return call


@pytest.fixture
def tree(tmp_path):
    """Driver 580 is being built for 6.2, where 570 is installed; a module of a person's own."""
    tree = tmp_path / TREE
    for made in (
        "nvidia/580.1/build/src/x86_64",
        "nvidia/580.1/6.2/x86_64/log",
        "nvidia/570.1/6.2/x86_64/module",
        "own/1/build",
    ):
        (tree / made).mkdir(parents=True)
    for source in ("nvidia-580.1", "nvidia-570.1", "own-1"):
        (tmp_path / "usr/src" / source / "x86_64").mkdir(parents=True)
        name, _, version = source.partition("-")
        (tree / name / version / "source").symlink_to(tmp_path / "usr/src" / source)
    (tree / "nvidia/kernel-6.2-x86_64").symlink_to("570.1/6.2/x86_64")
    return tree


def test_a_package_that_is_half_configured_begins_anew(tmp_path, tree, forget):
    told = forget()
    assert any("nvidia/580.1/6.2/x86_64 is removed" in line for line in told)
    assert any("nvidia/580.1 is removed" in line for line in told)
    assert not (tree / "nvidia/580.1").exists()
    assert (tree / "nvidia/570.1/6.2/x86_64/module").is_dir()
    assert (tree / "own/1/build").is_dir()
    assert (tmp_path / "usr/src/nvidia-580.1/x86_64").is_dir()


def test_what_was_not_even_added_begins_anew(tree, forget):
    for path in ("6.2/x86_64/log", "6.2/x86_64", "6.2"):
        (tree / "nvidia/580.1" / path).rmdir()
    (tree / "nvidia/580.1/source").unlink()
    assert not (tree / "nvidia/580.1/source").exists()
    (told,) = forget("unpacked")
    assert "nvidia/580.1 is removed" in told
    assert not (tree / "nvidia/580.1").exists()


def test_of_a_package_that_is_whole_only_the_half_build_goes(tree, forget):
    """As where a new kernel had it built."""
    (told,) = forget("installed")
    assert "nvidia/580.1/6.2/x86_64 is removed" in told
    assert not (tree / "nvidia/580.1/6.2").exists()
    assert (tree / "nvidia/580.1/source").is_symlink()


def test_what_a_removed_package_left_goes(tmp_path, tree, forget):
    """Its sources are gone, and dpkg knows it no more."""
    tree_570 = tree / "nvidia/570.1"
    (tree / "nvidia/kernel-6.2-x86_64").unlink()
    lose_source(tmp_path, "nvidia-570.1")
    assert any("nvidia/570.1 is removed" in line for line in forget())
    assert not tree_570.exists()


def lose_source(tmp_path, version):
    """Remove what a module is built from: the link in DKMS's tree leads nowhere then."""
    (tmp_path / f"usr/src/{version}/x86_64").rmdir()
    (tmp_path / f"usr/src/{version}").rmdir()


@pytest.mark.parametrize("is_installed_for_one", [True, False])
@pytest.mark.parametrize("name", ["nvidia.ko", "nvidia.ko.zst"])
def test_what_is_whole_stays_also_without_its_source(
    tmp_path, tree, forget, is_installed_for_one, name
):
    """It could not be built again: an administrator removed the source."""
    link = tree / "nvidia/kernel-6.2-x86_64"
    if not is_installed_for_one:
        link.unlink()
    modules = [tree / f"nvidia/570.1/{kernel}/x86_64/module/{name}" for kernel in ("6.2", "6.8")]
    for module in modules:
        module.parent.mkdir(parents=True, exist_ok=True)
        module.write_text("whole")
    lose_source(tmp_path, "nvidia-570.1")
    (tree / "nvidia/570.1/6.9/x86_64").mkdir(parents=True)
    told = [line for line in forget("installed") if "570.1" in line]
    assert [line for line in told if "570.1/6.9/x86_64 is removed" in line] == told
    assert len(told) == 1
    assert all(module.is_file() for module in modules)
    assert not (tree / "nvidia/570.1/6.9").exists()


@pytest.mark.parametrize("left", ["build", "6.2/x86_64", "."])
def test_what_was_cut_of_a_package_that_was_put_back_goes(tmp_path, tree, forget, left):
    """Nothing but its registration is left of the newer one, whose source is gone."""
    version = tree / "nvidia/560.1"
    (version / left).mkdir(parents=True)
    (version / "source").symlink_to(tmp_path / "usr/src/nvidia-560.1")
    assert any("nvidia/560.1 is removed" in line for line in forget())
    assert not version.exists()


def test_what_was_being_built_may_be_half(tmp_path, tree, forget):
    """Its module has a name, and perhaps not all of its bytes."""
    module = tree / "nvidia/580.1/6.2/x86_64/module/nvidia.ko"
    module.parent.mkdir()
    module.write_text("ha")
    (told,) = forget("installed")
    assert "nvidia/580.1/6.2/x86_64 is removed" in told
    assert not module.exists()


def test_what_is_installed_for_another_kernel_stays(tree, forget):
    (tree / "nvidia/580.1/6.1/x86_64/module").mkdir(parents=True)
    (tree / "nvidia/kernel-6.1-x86_64").symlink_to("580.1/6.1/x86_64")
    (told,) = forget()
    assert "nvidia/580.1/6.2/x86_64 is removed" in told
    assert (tree / "nvidia/580.1/6.1/x86_64/module").is_dir()
    assert (tree / "nvidia/580.1/build/src/x86_64").is_dir()


def test_where_no_build_was_cut_nothing_is_touched(tree, forget):
    """Also not what a person built by hand, and has not installed."""
    for path in ("src/x86_64", "src", "."):
        (tree / "nvidia/580.1/build" / path).resolve().rmdir()
    assert forget() == []
    assert (tree / "nvidia/580.1/6.2/x86_64/log").is_dir()


def test_without_dkms_there_is_nothing_to_do(forget):
    assert forget() == []
