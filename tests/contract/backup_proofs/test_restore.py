"""`backup restore` with real restic: equal to what was backed up, and nothing newer is lost."""

import os
import stat
import subprocess

import pytest
from deeprig_host.backup import room
from deeprig_host.backup.reading import read_nodes
from deeprig_host.backup.rebuild_aside import ASIDE, aside_of
from deeprig_host.backup.restore import Source, Wish, plan, restore, survey
from deeprig_host.backup.scratch import scratches
from deeprig_host.machine.commands import Done, Machine
from deeprig_host.machine.refusal import Refused

NOW, BEFORE, LATER = 1_600_000_000, 1_500_000_000, 1_700_000_000


@pytest.fixture
def back(rig):
    """Restores into a directory that stands for the root; ``there`` is a path in it."""
    return Back(rig)


class Back:
    def __init__(self, rig):
        self.rig = rig
        self.target = rig.machine.path("/target")
        self.target.mkdir()

    def there(self, name=""):
        return self.target / str(self.rig.home / name).lstrip("/")

    def have(self, name, content, mtime):
        path = self.there(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (mtime, mtime))
        return path

    def wish(self, *names, overwrite="newer"):
        include = tuple(str(self.rig.home / name) for name in names)
        return Wish(include, "/target", overwrite)

    def source(self):
        rig = self.rig
        return Source(rig.restic, rig.repository, rig.snapshots()[-1])

    def run(self, *names, overwrite="newer"):
        wish, source = self.wish(*names, overwrite=overwrite), self.source()
        done = restore(self.rig.machine, source, wish, survey(source, wish))
        assert self.rig.scratch_left() == []
        return done

    def told(self, done):
        """Action by path, below the home."""
        return {os.path.relpath(one.path, self.there()): one.action for one in done.placed}


def picture(top):
    """All that a restore must bring back, by path; files with the same number are one file."""
    found, numbers = {}, {}
    for path in sorted([top, *top.rglob("*")]):
        told = path.lstat()
        kind = stat.S_IFMT(told.st_mode)
        content = path.read_bytes() if kind == stat.S_IFREG else None
        link = str(path.readlink()) if kind == stat.S_IFLNK else None
        names = os.listxattr(path, follow_symlinks=False)
        attributes = {name: os.getxattr(path, name, follow_symlinks=False) for name in names}
        number = numbers.setdefault(told.st_ino, len(numbers))
        rights = (told.st_mode, told.st_uid, told.st_gid, told.st_mtime_ns, told.st_rdev)
        found[str(path.relative_to(top))] = (rights, content, link, attributes, number)
    return found


def rich_tree(rig):
    """Files of every kind that a home can have."""
    owned = rig.file("rich/owned", b"mine")
    owned.chmod(0o4750)
    os.setxattr(rig.file("rich/noted", b"noted"), "user.note", b"of a run")
    os.link(rig.file("rich/deep/one", b"one file"), rig.home / "rich/two")
    (rig.home / "rich/link").symlink_to("deep/one")
    (rig.home / "rich/broken").symlink_to("/nowhere")
    os.mkfifo(rig.home / "rich/pipe", 0o640)
    (rig.home / "rich/empty").mkdir(mode=0o711)
    rig.file(os.fsdecode(b"rich/latin \xe9"), b"not UTF-8")
    rig.file("rich/sparse *[x]?", b"\0" * 100_000)
    if os.geteuid() == 0:
        os.chown(owned, 4321, 4322)
        owned.chmod(0o4750)
        os.chown(rig.home / "rich/broken", 4321, 4322, follow_symlinks=False)
        os.chown(rig.home / "rich", 4321, 4322)
    for path in (rig.home / "rich").rglob("*"):
        os.utime(path, ns=(NOW * 10**9 + 7, NOW * 10**9 + 123_456_789), follow_symlinks=False)
    os.utime(rig.home / "rich", ns=(5, 10**9 + 5))


@pytest.mark.parametrize("exists", [False, True])
def test_a_tree_comes_back_equal(rig, back, exists):
    rich_tree(rig)
    expected = picture(rig.home / "rich")
    rig.back_up()
    if exists:
        # Merged: each thing in it is moved by itself.
        back.have("rich/deep/other", b"not in the snapshot", BEFORE)
        os.utime(back.there("rich/deep"), (BEFORE, BEFORE))
        os.utime(back.there("rich"), (0, 0))
    done = back.run("rich")
    assert done.is_good, done
    found = picture(back.there("rich"))
    if exists:
        assert found.pop("deep/other")[1] == b"not in the snapshot"
        numbers = {}
        found = {
            name: (*rest, numbers.setdefault(number, len(numbers)))
            for name, (*rest, number) in found.items()
        }
    assert found == expected


def test_what_a_rebuild_put_aside_is_known_again_and_never_written_over(rig):
    rich_tree(rig)
    rig.back_up()
    source = Source(rig.restic, rig.repository, rig.snapshots()[-1])
    include = (str(rig.home / "rich"),)
    first = aside_of(rig.machine, source, include, "dead")
    wish = Wish(include, first, "all")
    assert restore(rig.machine, source, wish, survey(source, wish)).is_good
    assert aside_of(rig.machine, source, include, "dead") == first == f"{ASIDE}/dead"
    rig.file("rich/owned", b"another day's")
    rig.back_up()
    newer = Source(rig.restic, rig.repository, rig.snapshots()[-1])
    assert aside_of(rig.machine, newer, include, "dead") == f"{ASIDE}/dead.2"
    assert aside_of(rig.machine, source, include, "dead") == first


def test_what_is_newer_is_kept_and_what_is_older_is_replaced(rig, back):
    for name in ("same", "newer", "older", "gone"):
        rig.file(f"work/{name}", b"of the snapshot", NOW)
    rig.back_up()
    back.have("work/same", b"of the snapshot", NOW)
    newer = back.have("work/newer", b"of today", LATER)
    older = back.have("work/older", b"of last year", BEFORE)
    done = back.run("work")
    assert done.is_good
    assert newer.read_bytes() == b"of today"
    assert older.read_bytes() == back.there("work/gone").read_bytes() == b"of the snapshot"
    told = back.told(done)
    assert told["work/same"] == "same"
    assert told["work/newer"] == "kept"
    assert told["work/older"] == "replaced"
    assert told["work/gone"] == "created"


@pytest.mark.parametrize(
    ("overwrite", "newer", "older"),
    [("never", b"of today", b"of last year"), ("all", b"snapshot", b"snapshot")],
)
def test_never_and_all_replace_nothing_and_everything(rig, back, overwrite, newer, older):
    rig.file("work/newer", b"snapshot", NOW)
    rig.file("work/older", b"snapshot", NOW)
    rig.back_up()
    back.have("work/newer", b"of today", LATER)
    back.have("work/older", b"of last year", BEFORE)
    assert back.run("work", overwrite=overwrite).is_good
    assert back.there("work/newer").read_bytes() == newer
    assert back.there("work/older").read_bytes() == older


def test_content_that_differs_with_the_same_time_and_size_is_replaced(rig, back):
    rig.file("work/file", b"right", NOW)
    rig.back_up()
    back.have("work/file", b"wrong", NOW)
    assert back.told(back.run("work"))["work/file"] == "replaced"
    assert back.there("work/file").read_bytes() == b"right"


def test_a_dry_run_foresees_and_writes_nothing(rig, back):
    rig.file("work/newer", b"snapshot", NOW)
    rig.file("work/older", b"snapshot", NOW)
    rig.file("work/gone", b"snapshot", NOW)
    rig.back_up()
    back.have("work/newer", b"of today", LATER)
    back.have("work/older", b"of last year", BEFORE)
    before = picture(back.target)
    foreseen = plan(rig.machine, back.source(), back.wish("work"))
    assert picture(back.target) == before
    assert rig.scratch_left() == []
    told = back.told(foreseen)
    assert (told["work/newer"], told["work/older"], told["work/gone"]) == (
        "kept",
        "replaced",
        "created",
    )
    assert (foreseen.things, foreseen.size_bytes) == (4, 24)


@pytest.mark.parametrize("name", ["project/data0", "project"])
def test_a_link_in_the_way_is_not_followed(rig, back, name):
    rig.back_up()
    outside = rig.machine.path("/outside")
    outside.mkdir()
    back.there().mkdir(parents=True)
    back.there("project").symlink_to(outside)
    done = back.run(name)
    assert not done.is_good
    assert list(outside.iterdir()) == []
    assert {one.path for one in done.placed} == {str(back.there("project"))}


def test_a_directory_is_never_replaced_by_a_file(rig, back):
    rig.back_up()
    back.have("project/data0/inside", b"work", BEFORE)
    done = back.run("project", overwrite="all")
    assert back.told(done)["project/data0"] == "conflict"
    assert not done.is_good
    assert back.there("project/data0/inside").read_bytes() == b"work"
    assert back.there("project/data1").exists(), "one conflict stops nothing else"


def test_directories_above_are_made_as_they_were(rig, back):
    rig.file("a/b/c", b"c")
    (rig.home / "a").chmod(0o751)
    if os.geteuid() == 0:
        os.chown(rig.home / "a", 4321, 4322)
    rig.back_up()
    back.run("a/b/c")
    made, was = back.there("a").stat(), (rig.home / "a").stat()
    assert (made.st_mode, made.st_uid, made.st_gid) == (was.st_mode, was.st_uid, was.st_gid)
    assert [path.name for path in back.there("a/b").iterdir()] == ["c"]


def test_a_path_that_is_not_in_the_snapshot_is_told(rig, back):
    rig.back_up()
    with pytest.raises(Refused, match="does not hold") as told:
        back.run("project", "thesis")
    assert told.value.evidence == (str(rig.home / "thesis"),)


def test_of_a_damaged_snapshot_nothing_is_placed(rig, back):
    rig.back_up()
    back.have("project/data0", b"old", BEFORE)
    before = picture(back.target)
    rig.spoil(rig.packs()[0])
    with pytest.raises(Refused, match="no file was changed"):
        back.run("project")
    assert picture(back.target) == before
    assert rig.scratch_left() == []


def test_without_room_nothing_is_restored(rig, back, monkeypatch):
    rig.back_up()
    monkeypatch.setattr(room, "RESERVE_BYTES", 1 << 60)
    with pytest.raises(Refused, match="not enough room"):
        back.run("project")
    assert list(back.target.iterdir()) == []


@pytest.fixture
def other_disk(back):
    """Another file system where the home's project would be: root only."""
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    place = back.there("rich/deep")
    place.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", place], check=True)
    yield place
    # Lazily: gevent, which the tests' process is patched with, closes files a moment later.
    subprocess.run(["umount", "--lazy", place], check=True)


def test_what_belongs_on_another_file_system_is_copied_equal(rig, back, other_disk):
    owned = rig.file("rich/deep/owned", b"mine")
    os.chown(owned, 4321, 4322)
    owned.chmod(0o2750)
    os.utime(owned, ns=(1, NOW * 10**9 + 9))
    (rig.home / "rich/deep/link").symlink_to("owned")
    os.mkfifo(rig.home / "rich/deep/pipe")
    (rig.home / "rich/deep/pipe").chmod(0o666)  # beyond what umask(2) lets through
    rig.file("rich/deep/below/file", b"below")
    os.utime(rig.home / "rich/deep/below", (NOW, NOW))
    expected = picture(rig.home / "rich/deep")
    rig.back_up()
    done = back.run("rich", overwrite="all")
    assert done.is_good, done
    assert picture(other_disk) == expected
    assert other_disk.stat().st_dev != back.there("rich").stat().st_dev


def test_a_full_file_system_fails_its_files_and_leaves_no_draft(rig, back, other_disk):
    rig.file("rich/deep/a", bytes(range(256)) * 8_000)
    rig.file("rich/deep/b", b"small")
    rig.back_up()
    done = back.run("rich")
    told = back.told(done)
    assert (told["rich/deep/a"], told["rich/deep/b"]) == ("failed", "created")
    assert not done.is_good
    assert [path.name for path in other_disk.iterdir()] == ["b"]


def test_a_backup_leaves_out_what_another_restores_at_the_time(rig):
    with scratches(rig.machine) as made:
        (made.make(rig.home) / "copy").write_bytes(b"of an old snapshot")
        snapshot = rig.back_up("--exclude-caches")
    seen = []
    read_nodes(rig.restic, rig.repository, snapshot, seen.append)
    assert any(node.path.endswith("data0") for node in seen)
    assert not any(node.path.endswith("copy") for node in seen)


def test_what_cannot_be_written_to_the_disk_is_told(rig, back):
    rig.back_up()
    asked = []

    def failing(*words, **_):
        asked.append(words)
        return Done(words, 1, err="sync: error syncing: Input/output error")

    rig.machine = Machine(rig.machine.root, failing)
    with pytest.raises(Refused, match="could not be written") as told:
        back.run("project")
    assert "Input/output error" in told.value.evidence[0]
    assert asked[0][:2] == ("sync", "--file-system")
    assert rig.scratch_left() == []
