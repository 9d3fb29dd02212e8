"""Conda environments: which there are, and the texts that make each anew."""

import json
import os
import shutil

import pytest
from deeprig_host.backup import conda_places, leading, mounts

TORCH = "opt-conda-envs-torch"
BUILD = "/opt/conda/generations/torch/abc123"
CHANNEL = "https://conda.example.org/forge"


def paths(rig):
    return [environment.path for environment in rig.state().environments]


def register(rig, *lines, user="ada"):
    return rig.write(f"/home/{user}/.conda/environments.txt", "".join(f"{one}\n" for one in lines))


def test_an_explicit_lock_has_each_package_after_what_it_needs(rig):
    rig.conda_package(BUILD, "aaa", depends=("zstd 1.*",))
    rig.conda_package(BUILD, "pip", depends=("python",))
    rig.conda_package(BUILD, "python", depends=("pip", "__unix"))  # a circle, as conda-forge had
    rig.capture()
    assert rig.environment_text(TORCH, "explicit.txt").splitlines()[1:] == [
        "@EXPLICIT",
        f"{CHANNEL}/noarch/pip-1.0-0.conda#md5-pip",
        f"{CHANNEL}/noarch/python-1.0-0.conda#md5-python",
        f"{CHANNEL}/noarch/zstd-1.0-0.conda#md5-zstd",
        f"{CHANNEL}/noarch/aaa-1.0-0.conda#md5-aaa",
    ]


def test_a_package_without_a_url_is_told_and_never_silently_left_out(rig):
    rig.conda_package(BUILD, "mine", url="", md5="")
    rig.capture()
    assert "# no URL for: mine-1.0-0" in rig.environment_text(TORCH, "explicit.txt")
    (torch,) = (one for one in rig.state().environments if one.path.endswith("torch"))
    assert "# no URL for: mine-1.0-0" in torch.explicit


def test_environment_yml_names_channels_conda_packages_and_those_of_pip(rig):
    rig.capture()
    assert rig.environment_text(TORCH, "environment.yml") == (
        'name: "torch"\n'
        "channels:\n"
        f'  - "{CHANNEL}"\n'
        "  - nodefaults\n"
        "dependencies:\n"
        "  - python=1.0=0\n"
        "  - zstd=1.0=0\n"
        "  - pip:\n"
        '      - "torch==2.5.0"\n'
        'prefix: "/opt/conda/envs/torch"\n'
    )


def test_the_channel_with_most_packages_stands_first(rig):
    rig.conda_package(BUILD, "one", url="https://a.example.org/lab/noarch/one-1.0-0.conda")
    rig.capture()
    yml = rig.environment_text(TORCH, "environment.yml")
    assert yml.index(CHANNEL) < yml.index('"https://a.example.org/lab"')


def test_what_yaml_would_read_otherwise_is_quoted(rig):
    rig.conda_package(BUILD, "odd", build="a:b#c")
    rig.capture()
    assert '  - "odd=1.0=a:b#c"\n' in rig.environment_text(TORCH, "environment.yml")


def test_variables_of_an_environment_are_in_its_yml_alone(rig):
    told = {"version": 1, "env_vars": {"WANDB_API_KEY": 'a "token"', "GONE": "***unset***"}}
    rig.write(f"{BUILD}/conda-meta/state", json.dumps(told))
    rig.capture()
    yml = rig.environment_text(TORCH, "environment.yml")
    assert 'variables:\n  "WANDB_API_KEY": "a \\"token\\""\nprefix:' in yml
    assert "GONE" not in yml
    holders = [path for path, (content, _) in rig.files().items() if b"WANDB" in content]
    assert [path.rpartition("/")[2] for path in holders] == ["environment.yml"]
    rig.write(f"{BUILD}/conda-meta/state", json.dumps(told | {"env_vars": {"A": "1"}}))
    assert rig.capture().changed
    assert '  "A": "1"' in rig.environment_text(TORCH, "environment.yml")


@pytest.mark.parametrize("spoilt", ["{", "[]", '{"env_vars": ["hunter2"]}'])
def test_variables_that_are_none_are_told_without_them(rig, spoilt):
    rig.write(f"{BUILD}/conda-meta/state", spoilt)
    (reason,) = rig.capture().reasons
    assert "conda-meta/state tells no variables" in reason
    assert "hunter2" not in reason


def test_pips_list_is_what_pip_installed_and_from_where(rig):
    of_conda = rig.pip_package(BUILD, "numpy")
    rig.conda_package(BUILD, "numpy", files=(f"{of_conda[len(BUILD) + 1 :]}/METADATA",))
    vcs = {"vcs": "git", "commit_id": "c0ffee"}
    git = {"url": "https://git.example.org/x.git", "vcs_info": vcs, "subdirectory": "py"}
    rig.pip_package(BUILD, "from_git", origin=git)
    editable = {"url": "file:///home/ada/src", "dir_info": {"editable": True}}
    rig.pip_package(BUILD, "Mine", origin=editable)
    rig.pip_package(BUILD, "~orch", "2.4.0")  # left by a pip that was killed
    shutil.rmtree(rig.machine.path(rig.pip_package(BUILD, "ghost")) / "METADATA", True)
    (rig.machine.path(BUILD) / "lib/python3.11/site-packages/ghost-1.0.dist-info/METADATA").unlink()
    rig.capture()
    assert rig.environment_text(TORCH, "pip.txt").splitlines() == [
        "from_git @ git+https://git.example.org/x.git@c0ffee#subdirectory=py",
        "-e file:///home/ada/src",
        "torch==2.5.0",
    ]


def test_a_name_is_a_link_to_its_build_and_other_builds_are_no_environments(rig):
    rig.conda_package("/opt/conda/generations/torch/older", "python")
    register(rig, BUILD, "/opt/conda/generations/torch/older", "/opt/conda")
    rig.capture()
    assert paths(rig) == ["/opt/conda", "/opt/conda/envs/torch"]
    assert json.loads(rig.environment_text(TORCH, "about.json"))["build"] == "abc123"


def test_another_build_under_the_same_name_is_captured(rig):
    rig.capture()
    rig.conda_package(rig.link_environment("torch", "def456"), "python", "3.13")
    assert rig.capture().changed
    assert "python-3.13" in rig.environment_text(TORCH, "explicit.txt")


def test_environments_of_users_are_found_where_conda_registers_them(rig):
    rig.conda_package("/home/ada/miniforge3/envs/own", "python")
    register(rig, "/home/ada/miniforge3/envs/own", "/home/ada/removed", "relative", "/etc", "")
    assert rig.capture().is_whole
    assert paths(rig) == ["/home/ada/miniforge3/envs/own", "/opt/conda", "/opt/conda/envs/torch"]


@pytest.mark.parametrize("kind", ["link", "pipe", "directory"])
def test_what_one_user_did_is_told_and_hides_no_other_environment(rig, kind):
    """Root must neither hang on a pipe nor read through a link what the user cannot."""
    rig.conda_package("/home/ada/own", "python")
    file = register(rig, "/home/ada/own")
    assert rig.capture().is_whole
    file.unlink()
    if kind == "link":
        file.symlink_to("/etc/shadow")
    elif kind == "pipe":
        os.mkfifo(file)
    else:
        file.mkdir()
    captured = rig.capture()
    assert any(reason.startswith("conda environments: ") for reason in captured.reasons)
    assert paths(rig) == ["/opt/conda", "/opt/conda/envs/torch"]
    assert set(rig.state().unknown) == {"conda environments", "environment /home/ada/own"}
    assert len(captured.parts) == len({part.name for part in captured.parts})
    assert "python-1.0" in rig.environment_text("home-ada-own", "explicit.txt")


def test_an_environment_is_captured_once_however_it_is_reached(rig):
    rig.write("/home/ada/README", "")
    rig.machine.path("/home/ada/all").symlink_to("../../opt/conda/envs")
    rig.machine.path("/home/ada/work").symlink_to("all/../../../opt/conda")
    register(rig, "/home/ada/all/../../conda", "/home/ada/work", "/opt/conda/")
    assert rig.capture().is_whole
    assert paths(rig) == ["/opt/conda", "/opt/conda/envs/torch"]


@pytest.mark.parametrize("line", ["srv/own", "/srv/o\x07wn", "# /srv/own"])
def test_a_line_that_is_no_path_is_no_environment(rig, line):
    rig.conda_package("/srv/own", "python")
    rig.conda_package("/srv/o\x07wn", "python")
    register(rig, line)
    assert rig.capture().is_whole
    assert paths(rig) == ["/opt/conda", "/opt/conda/envs/torch"]


def test_more_environments_than_anybody_has_are_told(rig, monkeypatch):
    monkeypatch.setattr(conda_places, "_MOST", 1)
    told = "conda environments: there are 2 environments; 1 are captured"
    assert rig.capture().reasons == (told,)
    assert paths(rig) == ["/opt/conda"]


def test_pythons_second_name_is_not_looked_at_twice(rig):
    library = rig.machine.path(f"{BUILD}/lib")
    (library / "python3.1").symlink_to("python3.11")
    rig.capture()
    assert rig.environment_text(TORCH, "pip.txt") == "torch==2.5.0\n"


def test_links_in_a_circle_are_no_environment(rig):
    first, second = (rig.machine.path(f"/home/ada/{name}") for name in ("one", "two"))
    register(rig, "/home/ada/one")
    first.symlink_to(second)
    second.symlink_to(first)
    assert rig.capture().is_whole


GOOD_RECORD = {"name": "x", "version": "1", "build": "0", "url": "https://x/y.conda", "md5": "0"}


@pytest.mark.parametrize(
    "record",
    [
        "{",
        "[]",
        "{}",
        '{"name": "x", "version": "1"}',
        *(json.dumps(GOOD_RECORD | {key: "a\n--option"}) for key in GOOD_RECORD),
        *(json.dumps(GOOD_RECORD | {key: "--option"}) for key in GOOD_RECORD),
    ],
)
def test_a_record_that_is_not_whole_fails_its_environment_only(rig, record):
    rig.write(f"{BUILD}/conda-meta/half-1-0.json", record)
    captured = rig.capture()
    (reason,) = captured.reasons
    assert reason.startswith("environment /opt/conda/envs/torch: ")
    assert "half-1-0.json is no record of conda's" in reason
    assert paths(rig) == ["/opt/conda"]


def test_an_environment_without_any_record_is_not_an_empty_one(rig):
    rig.machine.path("/opt/conda/envs/bare/conda-meta").mkdir(parents=True)
    assert "no record of any package" in rig.capture().reasons[0]


def test_metadata_that_is_a_pipe_does_not_stop_the_capture(rig):
    place = rig.machine.path(rig.pip_package(BUILD, "trap"))
    (place / "METADATA").unlink()
    os.mkfifo(place / "METADATA")
    assert "no regular file" in rig.capture().reasons[0]


@pytest.mark.parametrize(
    "origin",
    [
        "{",
        "[]",
        '{"url": "https://x/y", "dir_info": 1}',
        '{"url": "https://x/y", "vcs_info": {"vcs": "git"}}',
        '{"url": "https://x/y\\n--index-url=https://else.example.org"}',
        '{"url": "--index-url=https://else.example.org"}',
    ],
)
def test_an_origin_that_is_none_is_told(rig, origin):
    rig.write(f"{rig.pip_package(BUILD, 'x')}/direct_url.json", origin)
    assert "direct_url.json is no origin" in rig.capture().reasons[0]


@pytest.mark.parametrize("name", ["-r", "a b", ""])
def test_a_package_of_pip_that_would_be_an_option_is_told(rig, name):
    place = rig.pip_package(BUILD, "x")
    rig.write(f"{place}/METADATA", f"Name: {name}\nVersion: 1.0\n\n")
    assert "tells no name and version" in rig.capture().reasons[0]


def test_a_name_that_no_log_could_take_is_told_in_other_letters(rig):
    names = tuple(f"/opt/conda/envs/{os.fsdecode(name)}" for name in (b"\xff", b"two\nlines"))
    for name in names:
        rig.machine.path(f"{name}/conda-meta").mkdir(parents=True)
    reasons = rig.capture().reasons
    assert len(reasons) == 2
    assert all(reason.isprintable() for reason in reasons)
    assert rig.state().unknown
    for name in names:
        rig.conda_package(name, "python")
    assert rig.capture().is_whole
    assert len(paths(rig)) == 4


def test_paths_that_look_alike_have_directories_of_their_own(rig):
    for name in ("a b", "a-b", "a'b"):
        rig.conda_package(f"/opt/conda/envs/{name}", "python")
    assert rig.capture().is_whole
    assert len(paths(rig)) == 5


@pytest.mark.parametrize("kind", ["nfs4", "autofs"])
def test_links_over_a_dead_servers_mount_are_told_and_not_followed(rig, monkeypatch, kind):
    rig.conda_package("/nas/env", "python")
    rig.conda_package("/home/ada/own", "python")
    for name, target in (("whole", "../../nas/env"), ("part", "../../nas")):
        rig.machine.path(f"/home/ada/{name}").symlink_to(target)
    rig.machine.path("/home/ada/meta").mkdir()
    rig.machine.path("/home/ada/meta/conda-meta").symlink_to("../../../nas/env/conda-meta")
    register(rig, *(f"/home/ada/{name}" for name in ("whole", "part/env", "meta", "own")))
    nas = f"{rig.machine.root}/nas"
    rig.write("/proc/self/mountinfo", f"36 35 0:1 / {nas} rw - {kind} nas:/a rw\n")
    asked = []
    monkeypatch.setattr(leading, "answers", lambda _, mount: asked.append(mount.path))
    monkeypatch.setattr(os.path, "realpath", lambda path: follow(path, nas))
    captured = conda_places.conda_environments(rig.machine, ("/opt/conda",))
    assert captured.paths == ("/home/ada/own", "/opt/conda", "/opt/conda/envs/torch")
    told = {
        "nfs4": "/nas: nas:/a does not answer",
        "autofs": "/nas: not mounted; a link leads there",
    }
    assert captured.problems == (told[kind],)
    assert asked == (["/nas"] if kind == "nfs4" else [])


def follow(path, dead, real=os.path.realpath):
    end = real(path)
    assert not end.startswith(dead), "this would hang"
    return end


def test_homes_on_a_dead_servers_mount_are_told_and_not_looked_at(rig, monkeypatch):
    rig.conda_package("/home/ada/own", "python")
    register(rig, "/home/ada/own")
    assert rig.capture().is_whole
    where = f"{rig.machine.root}/home"
    rig.write("/proc/self/mountinfo", f"36 35 0:1 / {where} rw - nfs4 nas:/home rw\n")
    real, asked = mounts.subprocess.Popen, []

    def popen(words, **options):
        asked.append(words[1])
        return real(("sleep", "60"), **options)

    def read_text(path, *more):
        assert not str(path).startswith(where), "this would hang"
        return path.read_text()

    monkeypatch.setattr(mounts, "ANSWER_SECONDS", 0.2)
    monkeypatch.setattr(mounts.subprocess, "Popen", popen)
    monkeypatch.setattr(conda_places, "read_text", read_text)
    captured = conda_places.conda_environments(rig.machine, ("/opt/conda",))
    assert captured.problems == ("/home: nas:/home does not answer",)
    assert "/home/ada/own" not in captured.paths
    assert "/opt/conda/envs/torch" in captured.paths
    assert asked == [where]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
@pytest.mark.parametrize(
    ("given", "owner"),
    [((), 0), ((".",), None), (("conda-meta",), None), (("conda-meta/history",), None)],
)
def test_an_environment_of_several_users_is_nobodys(rig, given, owner):
    """As its owner it would be made anew, from records that another one wrote."""
    rig.write(f"{BUILD}/conda-meta/history", "")
    for path in given:
        os.chown(rig.machine.path(f"{BUILD}/{path}"), 4321, 4321)
    rig.capture()
    (torch,) = (one for one in rig.state().environments if one.path.endswith("torch"))
    assert torch.owner == owner
