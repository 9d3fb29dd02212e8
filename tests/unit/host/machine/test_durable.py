"""Files are the old ones or the new ones, whatever is cut off."""

import os
from pathlib import Path

import pytest
from deeprig_host.machine.durable import (
    place_file,
    place_link,
    place_text,
    remove_file,
    sync_directory,
)


def mode(path):
    return path.stat().st_mode & 0o777


def test_a_file_is_placed_with_its_directory_content_and_mode(tmp_path):
    path = tmp_path / "a/b/file"
    place_file(path, b"one\n", 0o640)
    assert (path.read_bytes(), mode(path)) == (b"one\n", 0o640)
    place_file(path, b"two\n", 0o600)
    assert (path.read_bytes(), mode(path)) == (b"two\n", 0o600)
    assert [entry.name for entry in path.parent.iterdir()] == ["file"], "no draft is left"


def test_what_is_no_utf8_comes_back_as_it_was(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"caf\xe9\n")
    place_text(path, path.read_bytes().decode("utf-8", "surrogateescape"))
    assert (path.read_bytes(), mode(path)) == (b"caf\xe9\n", 0o600)


@pytest.mark.parametrize("cut_off", ["fsync", "replace"])
def test_the_old_file_stands_until_the_new_one_is_on_the_disk(tmp_path, monkeypatch, cut_off):
    path = tmp_path / "file"
    place_file(path, b"old\n", 0o644)

    def power_cut(*_):
        raise OSError("no power")

    with monkeypatch.context() as patch:
        patch.setattr(*((os, "fsync") if cut_off == "fsync" else (Path, "replace")), power_cut)
        with pytest.raises(OSError, match="no power"):
            place_file(path, b"new\n", 0o600)
    assert (path.read_bytes(), mode(path)) == (b"old\n", 0o644)
    place_file(path, b"new\n", 0o600)
    assert path.read_bytes() == b"new\n"


def test_content_and_name_are_synchronised_in_that_order(tmp_path, monkeypatch):
    path = tmp_path / "file"
    synchronised = []
    real = os.fsync

    def record(descriptor):
        has_name = path.exists()
        synchronised.append((Path(f"/proc/self/fd/{descriptor}").readlink().name, has_name))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", record)
    place_file(path, b"x", 0o600)
    assert synchronised == [("file.deeprig-new", False), (tmp_path.name, True)]


def test_a_link_takes_the_place_of_a_file_and_of_a_draft_that_was_left(tmp_path):
    path = tmp_path / "a/link"
    place_file(path, b"x", 0o600)
    (path.parent / "link.deeprig-new").write_text("left by a cut")
    place_link(path, Path("../target"))
    assert path.readlink() == Path("../target")
    assert [entry.name for entry in path.parent.iterdir()] == ["link"]


def test_removing_takes_files_and_dangling_links_and_finds_nothing_to_do(tmp_path):
    file, link = tmp_path / "file", tmp_path / "link"
    file.write_text("x")
    link.symlink_to("nowhere")
    for path in (file, link, file, link):
        remove_file(path)
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_is_none_cannot_be_synchronised(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(NotADirectoryError):
        sync_directory(tmp_path / "file")
