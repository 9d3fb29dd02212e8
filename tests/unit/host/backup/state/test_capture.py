"""What a capture promises: whole or named, unchanged where nothing changed, closed to others."""

import json
import os
from dataclasses import replace

import pytest
from deeprig_host.backup import state_store, state_taking
from deeprig_host.machine.commands import Done, Machine, run

TORCH = "environment /opt/conda/envs/torch"


def broken_dpkg(*words, **options):
    return Done(words, 2, err="dpkg-query: error: the database is damaged")


def test_a_machine_is_captured_whole(rig):
    captured = rig.capture()
    assert captured.is_whole, captured.reasons
    assert [part.name for part in captured.parts] == [
        "machine",
        "accounts",
        "packages",
        "files",
        "environment /opt/conda",
        TORCH,
    ]
    state = rig.state()
    assert not state.unknown
    assert state.host == "rig1"
    assert state.machine["kernel"] == "6.8.0-45-generic"
    assert state.machine["release"] == "Ubuntu 24.04.1 LTS"
    assert set(state.files) == {
        "/etc/fstab",
        "/etc/hostname",
        "/etc/netplan/50-deeprig.yaml",
        "/var/spool/cron/crontabs/ada",
    }


def test_a_second_capture_without_change_changes_no_file(rig):
    assert rig.capture().changed
    before = rig.files()
    again = rig.capture()
    assert (again.changed, again.is_whole) == ((), True)
    assert rig.files() == before


def test_what_did_not_change_is_not_looked_at_again(rig):
    asked = []

    def counting(*words, **options):
        asked.append(words[0])
        return run(*words, **options)

    machine = replace(rig.machine, run=counting)
    rig.capture(machine)
    rig.capture(machine)
    assert asked == ["dpkg-query"]
    status = rig.machine.path("/var/lib/dpkg/status")
    status.write_text(status.read_text().replace("Version: 2.0", "Version: 2.1"))
    assert rig.capture(machine).changed == ("packages/installed.txt", "state.json")
    assert asked == ["dpkg-query", "dpkg-query"]


def test_what_changed_just_now_is_looked_at_again(rig):
    """Its clock may not have ticked since: the same time may hide another content."""
    newest = max(path.lstat().st_mtime for path in rig.machine.root.rglob("*"))
    rig.capture(now=lambda: newest)
    assert json.loads(rig.machine.path(state_store.MARKS).read_text()) == {}


def test_only_the_files_of_what_changed_are_written(rig):
    rig.capture()
    before = rig.files()
    rig.pip_package("/opt/conda/generations/torch/abc123", "numpy", "2.1")
    changed = rig.capture().changed
    assert {path.rpartition("/")[2] for path in changed} == {
        "environment.yml",
        "pip.txt",
        "state.json",
    }
    after = rig.files()
    assert {path for path in before if before[path] != after[path]} == set(changed)


def test_a_damaged_file_of_the_state_is_made_anew(rig):
    rig.capture()
    good = rig.text("packages/manual.txt")
    (rig.directory / "packages/manual.txt").write_text("nonsense\n")
    assert "packages" in rig.state().unknown
    assert rig.capture().changed == ("packages/manual.txt",)
    assert rig.text("packages/manual.txt") == good


def test_a_part_that_fails_is_named_keeps_what_was_and_stops_no_other(rig):
    rig.capture()
    before = rig.text("packages/installed.txt")
    status = rig.machine.path("/var/lib/dpkg/status")
    os.utime(status, (1, 1))
    rig.write("/etc/fstab", "another\n")
    captured = rig.capture(replace(rig.machine, run=broken_dpkg))
    assert captured.reasons == (
        "packages: dpkg-query failed (exit 2): dpkg-query: error: the database is damaged",
    )
    assert rig.text("packages/installed.txt") == before
    assert rig.text("files/etc/fstab") == "another\n"
    assert rig.state().unknown == {"packages": captured.reasons[0].partition(": ")[2]}


def test_a_part_that_failed_is_tried_again_and_is_whole_then(rig):
    rig.capture(replace(rig.machine, run=broken_dpkg))
    assert rig.state().unknown
    assert rig.capture().is_whole
    assert not rig.state().unknown


def test_a_part_that_has_no_time_left_is_named(rig):
    ticks = iter(range(1000))
    captured = rig.capture(monotonic=lambda: float(next(ticks)), seconds=3.0)
    late = [reason for reason in captured.reasons if "time for the whole capture" in reason]
    assert len(late) == len(captured.reasons) > 0
    assert rig.state().users  # the first parts were in time


def test_what_is_gone_from_the_machine_goes_from_the_state(rig):
    rig.capture()
    rig.machine.path("/opt/conda/envs/torch").unlink()
    rig.machine.path("/var/spool/cron/crontabs/ada").unlink()
    removed = [path for path in rig.capture().changed if not (rig.directory / path).exists()]
    assert len(removed) == 5
    assert not (rig.directory / "files/var").exists()
    assert [one.path for one in rig.state().environments] == ["/opt/conda"]


def test_the_draft_of_a_capture_that_was_cut_off_goes(rig):
    rig.capture()
    (rig.directory / "state.json.deeprig-new").write_text("{")
    assert rig.capture().changed == ("state.json.deeprig-new",)


def test_a_link_in_the_states_directory_goes_and_not_where_it_leads(rig, tmp_path):
    rig.capture()
    (tmp_path / "kept").write_text("kept")
    (rig.directory / "astray").symlink_to(tmp_path)
    (rig.directory / "packages/astray").symlink_to(tmp_path / "kept")
    rig.capture()
    assert not [path for path in rig.directory.rglob("*") if path.is_symlink()]
    assert (tmp_path / "kept").read_text() == "kept"


def test_a_capture_cut_off_between_files_and_index_is_put_right(rig, monkeypatch):
    rig.capture()
    rig.write("/etc/fstab", "another\n")

    def cut(self, host):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(state_taking.Taking, "finish", cut)
        with pytest.raises(KeyboardInterrupt):
            rig.capture()
    assert "files" in rig.state().unknown
    assert rig.capture().is_whole
    assert not rig.state().unknown


def test_nobody_else_can_read_the_state(rig):
    rig.capture()
    assert rig.directory.stat().st_mode & 0o777 == 0o700
    rig.directory.chmod(0o755)
    (rig.directory / "accounts.json").chmod(0o644)
    rig.capture()
    assert rig.directory.stat().st_mode & 0o777 == 0o700
    modes = {path.stat().st_mode & 0o777 for path in rig.directory.rglob("*") if path.is_file()}
    assert modes == {0o600}


@pytest.mark.parametrize(
    "spoilt", ["{", "[]", "{}", '{"schema": "another", "host": "", "parts": []}']
)
def test_a_spoilt_index_is_told_and_all_is_captured_anew(rig, spoilt):
    rig.capture()
    (rig.directory / "state.json").write_text(spoilt)
    captured = rig.capture()
    assert captured.is_whole
    assert "all is captured anew" in captured.remarks[0]
    assert not rig.state().unknown


@pytest.mark.parametrize("spoilt", ["{", "[1]", "\0"])
def test_spoilt_marks_cost_only_time(rig, spoilt):
    rig.capture()
    rig.machine.path(state_store.MARKS).write_text(spoilt)
    captured = rig.capture()
    assert (captured.is_whole, captured.changed) == (True, ())


def test_a_disk_that_refuses_is_a_reason_and_no_crash(rig, monkeypatch):
    def full(path, content, mode):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(state_store, "place_file", full)
    captured = rig.capture()
    assert not captured.is_whole
    assert all("No space left on device" in reason for reason in captured.reasons)
    assert {"machine", TORCH, "state"} <= {part.name for part in captured.parts}


def test_a_state_directory_that_cannot_be_is_a_reason(rig):
    rig.write("/var/lib/deeprig/backup", "a file is in its place")
    captured = rig.capture()
    assert not captured.is_whole
    assert captured.reasons[0].startswith("state: ")


def test_a_machine_without_conda_and_drivers_is_whole(tmp_path, rig):
    bare = Machine(rig.machine.root)
    for name in ("opt/conda/conda-meta", "opt/conda/envs"):
        (bare.root / name).rename(tmp_path / name.replace("/", "-"))
    assert rig.capture(bare).is_whole
    assert rig.state().environments == ()
    assert rig.state().machine["driver"] is None
