"""What is left out, and above all what is not."""

import json
import os
import time

import pytest
from deeprig_host.backup import datasets, leading
from deeprig_host.backup.checkpoints import (
    may_name_steps,
    superseded,
    superseded_directories,
)
from deeprig_host.backup.datasets import NAME, fetchable
from deeprig_host.backup.declared import Backup
from deeprig_host.backup.excludes import excludes
from deeprig_host.machine.commands import Machine

DECLARED = Backup(("/home",), ())


@pytest.fixture
def place(tmp_path):
    return tmp_path


def write(place, *names):
    for number, name in enumerate(names):
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
        for written in (path, path.parent):
            os.utime(written, (1000 + number, 1000 + number))


def files_left_out(place, *names, keep=1):
    write(place, *names)
    return sorted(superseded(place, names, keep))


def test_steps_before_the_newest_are_superseded(place):
    assert files_left_out(place, "step_9.pt", "step_10.pt", "step_100.pt") == [
        "step_10.pt",
        "step_9.pt",
    ]


def test_as_many_as_declared_are_kept(place):
    assert files_left_out(place, "ckpt-1.pt", "ckpt-2.pt", "ckpt-3.pt", keep=2) == ["ckpt-1.pt"]


def test_after_a_restart_the_newest_by_time_is_kept_too(place):
    names = ("step_800.pt", "step_900.pt", "step_10.pt", "step_20.pt")
    assert files_left_out(place, *names) == ["step_10.pt", "step_800.pt"]


@pytest.mark.parametrize(
    "names",
    [
        ("best.pt", "last.pt", "final.ckpt"),
        ("best_step_1.pt", "best_step_2.pt"),
        ("epoch=1-val_loss=0.31.ckpt", "epoch=2-val_loss=0.30.ckpt"),
        ("step_1.py", "step_2.py"),
        ("step_1.csv", "step_2.csv"),
        ("footstep1.pt", "footstep2.pt"),
        ("a_step_1.pt", "b_step_2.pt"),
        ("fold1.pt", "fold2.pt"),
        ("step_1.pt",),
    ],
)
def test_what_is_no_step_of_one_training_is_kept(place, names):
    assert files_left_out(place, *names) == []


@pytest.mark.parametrize(
    "names",
    [
        ("epoch=1-step=100.ckpt", "epoch=2-step=200.ckpt"),
        ("model_step_1000.safetensors", "model_step_2000.safetensors"),
        ("net.checkpoint-1.pth.tar", "net.checkpoint-2.pth.tar"),
        ("Epoch1.pth", "Epoch2.pth"),
        ("weights.epoch-01.weights.h5", "weights.epoch-02.weights.h5"),
    ],
)
def test_names_that_frameworks_give(place, names):
    assert files_left_out(place, *names) == [names[0]]


def test_directories_of_a_trainer_before_the_newest_are_superseded(place):
    names = ("checkpoint-1", "checkpoint-2", "checkpoint-30", "step1", "step2")
    write(place, *(f"{name}/model.safetensors" for name in names))
    assert superseded_directories(place, names, 1) == ("checkpoint-1", "checkpoint-2")


def test_the_best_one_that_a_trainer_names_is_kept(place):
    names = ("checkpoint-1", "checkpoint-2", "checkpoint-3")
    write(place, *(f"{name}/model.safetensors" for name in names))
    state = json.dumps({"best_model_checkpoint": "out/checkpoint-1"})
    (place / "checkpoint-3" / "trainer_state.json").write_text(state)
    os.utime(place / "checkpoint-3", (2000, 2000))
    assert superseded_directories(place, names, 1) == ("checkpoint-2",)


def test_numbered_directories_without_weights_are_kept(place):
    names = ("checkpoint-1", "checkpoint-2")
    write(place, *(f"{name}/diary.txt" for name in names))
    assert superseded_directories(place, names, 1) == ()


def test_where_a_trainer_cannot_be_understood_all_is_kept(place):
    write(place, "r/checkpoint-1/a.pt", "r/checkpoint-2/a.pt", "r/checkpoint-2/trainer_state.json")
    assert not any(
        "checkpoint-" in one for one in excludes(Machine(place), DECLARED, (place,), ()).patterns
    )


def test_before_one_that_may_still_be_written_the_last_whole_one_is_kept(place):
    write(place, "step_1.pt", "step_2.pt", "step_3.pt")
    assert superseded(place, ("step_1.pt", "step_2.pt", "step_3.pt"), 1) == (
        "step_1.pt",
        "step_2.pt",
    )
    os.utime(place / "step_3.pt")
    assert superseded(place, ("step_1.pt", "step_2.pt", "step_3.pt"), 1) == ("step_1.pt",)


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("run/best.pt", "step_1.pt"),
        ("run/best.pt", "../run/step_1.pt"),
        ("chosen/weights", "../run/step_1.pt"),
        ("chosen/weights", "/run/step_1.pt"),
        ("run/best", "checkpoint-1"),
        ("best.bin", "run/checkpoint-1/model.bin"),
        ("run/best.pt", "chain.pt"),
    ],
)
def test_what_a_link_leads_to_is_kept(place, link, target):
    write(place, *(f"run/step_{number}.pt" for number in (1, 2, 3)))
    write(place, *(f"run/checkpoint-{number}/model.bin" for number in (1, 2, 3)))
    every = {f"{place}/run/{n}" for n in ("step_1.pt", "step_2.pt", "checkpoint-1", "checkpoint-2")}
    assert patterns_of(place) == every
    if target == "chain.pt":
        (place / "run/chain.pt").symlink_to("step_1.pt")
    (place / link).parent.mkdir(exist_ok=True)
    (place / link).symlink_to(f"{place}{target}" if target.startswith("/") else target)
    kept = "checkpoint-1" if "checkpoint" in target else "step_1.pt"
    assert patterns_of(place) == every - {f"{place}/run/{kept}"}


def test_a_checkpoint_is_found_through_linked_directories(place):
    write(place, *(f"run1/step_{number}.pt" for number in (1, 2, 3)))
    (place / "runs").mkdir()
    (place / "runs/newest").symlink_to("../run1")
    (place / "best.pt").symlink_to("runs/newest/step_1.pt")
    assert f"{place}/run1/step_1.pt" not in patterns_of(place)


@pytest.mark.parametrize("kind", ["nfs4", "autofs", "ext4"])
def test_a_link_into_a_mount_is_followed_only_where_that_answers(place, kind, monkeypatch):
    write(place, *(f"run/step_{number}.pt" for number in (1, 2, 3)))
    (place / "proc/self").mkdir(parents=True)
    line = f"36 35 0:9 / {place}/nas rw - {kind} nas:/a rw\n"
    (place / "proc/self/mountinfo").write_text(line)
    (place / "run/best.pt").symlink_to(f"{place}/nas/step_1.pt")
    (place / "run/chosen.pt").symlink_to("step_2.pt")
    asked, read = [], []
    real = os.readlink
    monkeypatch.setattr(leading, "answers", lambda _, mount: asked.append(mount.path))
    monkeypatch.setattr(os, "readlink", lambda path: (read.append(path), real(path))[1])
    monkeypatch.setattr(os.path, "realpath", lambda path: pytest.fail(f"{path} is asked"))
    assert patterns_of(place) == {f"{place}/run/step_1.pt"}
    assert asked == (["/nas"] if kind == "nfs4" else []), "once, and by another process"
    assert (f"{place}/nas/step_1.pt" in read) is (kind == "ext4")


def test_a_link_into_a_mount_that_answers_is_followed(place, monkeypatch):
    write(place, *(f"run/step_{number}.pt" for number in (1, 2, 3)))
    (place / "proc/self").mkdir(parents=True)
    (place / "proc/self/mountinfo").write_text(f"36 35 0:9 / {place}/nas rw - nfs4 nas:/a rw\n")
    (place / "nas").mkdir()
    (place / "nas/step_7.pt").symlink_to("../run/step_1.pt")
    (place / "run/best.pt").symlink_to(f"{place}/nas/step_7.pt")
    monkeypatch.setattr(leading, "answers", lambda *_: True)
    assert patterns_of(place) == {f"{place}/run/step_2.pt"}


def test_a_link_that_leads_in_a_circle_keeps_nothing_from_being_looked_at(place):
    write(place, "run/step_1.pt", "run/step_2.pt")
    (place / "run/best.pt").symlink_to("best.pt")
    assert f"{place}/run/step_1.pt" in patterns_of(place)


def patterns_of(place):
    return {
        one
        for one in excludes(Machine(place), DECLARED, (place,), ()).patterns
        if one.startswith(str(place))
    }


ENTRY = {"path": "a.bin", "url": "https://example.org/a", "sha256": "0" * 64, "size": 3}


def manifest(place, *entries, schema="deeprig.dataset/1"):
    path = place / NAME
    path.write_text(json.dumps({"schema": schema, "files": list(entries)}))
    return path


def test_a_file_that_is_as_its_manifest_says_can_be_fetched_again(place):
    (place / "a.bin").write_text("abc")
    assert fetchable(manifest(place, ENTRY)).files == (place / "a.bin",)
    assert fetchable(manifest(place, ENTRY)).remarks == ()


@pytest.mark.parametrize(
    "change",
    [
        {"size": 4},
        {"size": True},
        {"sha256": "0" * 63},
        {"sha256": None},
        {"url": "a.bin"},
        {"url": "file:///a.bin"},
        {"url": "https://[/"},
        {"path": "../a.bin"},
        {"path": ""},
        {"path": "b.bin"},
        {"path": "a.bin\0"},
        {"path": 1},
    ],
)
def test_a_file_in_doubt_is_kept_and_that_is_told(place, change):
    (place / "a.bin").write_text("abc")
    found = fetchable(manifest(place, ENTRY | change))
    assert found.files == ()
    assert "1 files are not as it says" in found.remarks[0]


def test_a_file_that_was_written_since_is_kept(place):
    path = manifest(place, ENTRY)
    (place / "a.bin").write_text("abd")
    later = path.stat().st_mtime_ns + 1
    os.utime(place / "a.bin", ns=(later, later))
    assert fetchable(path).files == ()


def test_a_file_that_was_changed_under_its_old_time_is_kept(place):
    file = place / "a.bin"
    file.write_text("abc")
    before = file.stat()
    path = manifest(place, ENTRY)
    wait_for_a_later_ctime(place, path.stat().st_ctime_ns)
    file.write_text("abd")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert file.stat().st_mtime_ns <= path.stat().st_mtime_ns
    assert fetchable(path).files == ()


def wait_for_a_later_ctime(place, than):
    """The kernel's clock for times of files goes on in steps of some milliseconds."""
    probe = place / "probe"
    probe.touch()
    end = time.monotonic() + 10
    while probe.stat().st_ctime_ns <= than:
        assert time.monotonic() < end
        os.utime(probe)
    probe.unlink()


@pytest.mark.skipif(os.geteuid() != 0, reason="files are given to others")
def test_nobody_leaves_out_the_files_of_others(place):
    (place / "a.bin").write_text("abc")
    path = manifest(place, ENTRY)
    for owner, is_left_out in ((0, True), (65534, False)):
        os.chown(path, owner, owner)
        assert bool(fetchable(path).files) == is_left_out
    os.chown(place / "a.bin", 65534, 65534)
    os.chown(path, 65534, 65534)  # touched last
    assert fetchable(path).files


@pytest.mark.parametrize("kind", ["pipe", "link", "zero", "directory", "large"])
def test_what_is_no_plain_manifest_is_never_waited_for(place, kind, monkeypatch):
    monkeypatch.setattr(datasets, "_MOST_BYTES", 1000)
    path = place / NAME
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "link":
        manifest(place, ENTRY).rename(place / "elsewhere")
        path.symlink_to("elsewhere")
    elif kind == "zero":
        path.symlink_to("/dev/zero")
    elif kind == "directory":
        path.mkdir()
    else:
        path.write_text(" " * 2000)
    found = fetchable(path)
    assert found.files == ()
    assert "all is kept" in found.remarks[0]


@pytest.mark.parametrize("text", ["", "{", "[]", '"x"', "[" * 20_000, '{"schema": 1}', "null"])
def test_a_manifest_that_is_none_leaves_nothing_out(place, text):
    (place / NAME).write_text(text)
    found = fetchable(place / NAME)
    assert found.files == ()
    assert "all is kept" in found.remarks[0]


def test_a_manifest_of_another_schema_leaves_nothing_out(place):
    (place / "a.bin").write_text("abc")
    assert fetchable(manifest(place, ENTRY, schema="other/1")).files == ()


def test_names_that_restic_would_take_as_patterns_are_escaped(place):
    odd = place / "a*[b]?\\$c"
    write(odd, "step_1.pt", "step_2.pt")
    escaped = str(place) + "/a\\*\\[b]\\?\\\\$$c/step_1.pt"
    assert escaped in excludes(Machine(place), DECLARED, (place,), ()).patterns


def test_a_name_that_no_line_can_hold_is_kept(place):
    odd = place / "a\nb"
    write(odd, "step_1.pt", "step_2.pt")
    raw = os.fsdecode(os.fsencode(place) + b"/\xff")
    os.mkdir(raw)  # noqa: PTH102 - a name that is no text
    for name in ("step_1.pt", "step_2.pt"):
        with open(f"{raw}/{name}", "w"):  # noqa: PTH123 - see above
            pass
    assert not any(
        "step_" in one for one in excludes(Machine(place), DECLARED, (place,), ()).patterns
    )


def test_nothing_is_looked_for_where_restic_does_not_look(place):
    steps = ("step_1.pt", "step_2.pt")
    write(place, *(f".cache/{name}" for name in steps), *(f"c/{name}" for name in steps))
    write(place, "c/CACHEDIR.TAG")
    assert not any(
        "step_" in one for one in excludes(Machine(place), DECLARED, (place,), ()).patterns
    )


def test_directories_that_are_called_like_files_are_looked_into(place):
    """A tag or a manifest is a file; a directory of that name says nothing of what is beside it."""
    write(place, *(f"CACHEDIR.TAG/{NAME}/step_{number}.pt" for number in (1, 2)))
    write(place, "a/step_1.pt/x", "a/step_2.pt/x")
    assert patterns_of(place) == {f"{place}/CACHEDIR.TAG/{NAME}/step_1.pt"}


@pytest.mark.parametrize(
    "name",
    ["Step1.PT", "EPOCH-7.pth.tar", "x.Iter_3.h5", "iteration9.keras", "a.CkPt2.npz", "c_epoch=1-"],
)
def test_no_directory_is_passed_over_in_which_a_step_may_be(name):
    assert may_name_steps(f"a.txt\n{name}\nb.txt")
    assert not may_name_steps("sample_1.bin\nmodel.pt\nbest.ckp")


@pytest.mark.parametrize("name", ["checkpoint-3", "global_step3"])
def test_steps_that_are_directories_are_found_among_many_files(place, name):
    older = name.replace("3", "2")
    write(place, *(f"{one}/model.safetensors" for one in (older, name)))
    write(place, *(f"sample_{number}.bin" for number in range(50)))
    assert patterns_of(place) == {f"{place}/{older}"}


def test_links_are_not_followed(place, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    write(elsewhere, "step_1.pt", "step_2.pt")
    (place / "link").symlink_to(elsewhere)
    (place / "loop").symlink_to(place)
    assert not any(
        "step_" in one for one in excludes(Machine(place), DECLARED, (place,), ()).patterns
    )


def test_what_is_declared_and_a_local_repository_are_left_out(place):
    declared = Backup(("/home",), (), exclude=("*.iso", "$x"), keep_checkpoints=None)
    found = excludes(Machine(place), declared, (place,), (place / "repo",)).patterns
    assert found[-3:] == ("*.iso", "$$x", f"{place}/repo")


def test_all_steps_are_kept_where_it_is_declared(place):
    write(place, "step_1.pt", "step_2.pt")
    every = Backup(("/home",), (), keep_checkpoints=None)
    assert not any("step_" in one for one in excludes(Machine(place), every, (place,), ()).patterns)
