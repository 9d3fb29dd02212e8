"""A whole rebuild, with a simulated repository: what is done, told, refused, done again."""

import json
import os

import pytest
from deeprig_host.backup.rebuild import Rebuild
from deeprig_host.backup.rebuild_aside import ASIDE
from deeprig_host.backup.rebuild_places import STATE
from deeprig_host.backup.rebuild_plan import Order
from deeprig_host.backup.rebuild_show import (
    foreseen_document,
    foreseen_text,
    rebuilt_document,
    rebuilt_text,
)
from deeprig_host.backup.restore import Wish, plan, restore, survey
from deeprig_host.machine.refusal import Refused

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to others")
PATHS = ("/etc", "/home", "/usr/local", STATE)


@pytest.fixture
def rebuild(machine, restic, repository, backup, dead):
    """Makes a rebuild of the dead machine's one snapshot; keyword arguments are the order's."""
    carl_owns(dead)
    restic.add("rig", dead, paths=PATHS)
    restic.said, restic.expected = [], []

    def make(**order):
        told = Order("rig", **order)
        expect = lambda *amount: restic.expected.append(amount)  # noqa: E731
        return Rebuild(machine, backup, restic, repository, told, restic.said.append, expect)

    return make


def carl_owns(root):
    for path in (root / "home/carl", root / "home/carl/thesis"):
        os.chown(path, 1500, 1500)


def done(work):
    foreseen = work.foresee()
    return foreseen, work.carry_out(foreseen)


def picture(root):
    return {
        str(path): (path.lstat().st_mtime_ns, path.lstat().st_mode, path.lstat().st_uid)
        for path in sorted(root.rglob("*"))
        if path.relative_to(root).parts[0] not in ("var", "run")  # its own state and locks
    }


def test_people_and_files_come_back(rebuild, machine, restic):
    _, told = done(rebuild())
    thesis = machine.path("/home/carl/thesis")
    assert thesis.read_text() == "years of work\n"
    assert (thesis.stat().st_uid, thesis.stat().st_gid) == (1500, 1500)
    assert machine.path("/home/carl").stat().st_mode & 0o777 == 0o750
    assert "carl:x:1500:1500::/home/carl:/bin/sh\n" in machine.path("/etc/passwd").read_text()
    assert "video:x:44:carl\n" in machine.path("/etc/group").read_text()
    assert machine.path("/usr/local/bin/tool").exists()
    assert not machine.path("/usr/local/cuda-12.4").exists()
    assert told.in_place.is_good
    assert restic.said == ["looking for what rig was", "restoring files", "comparing"]
    assert len(restic.expected) == 2


def test_of_etc_nothing_goes_over_what_is_here_and_all_lies_aside(rebuild, machine):
    _, told = done(rebuild())
    assert not machine.path("/etc/motd").exists()
    assert not machine.path("/etc/fstab").exists()
    assert machine.path(f"{ASIDE}/rig/etc/motd").read_text() == "of the dead one\n"
    assert machine.path(ASIDE).stat().st_mode & 0o777 == 0o700
    assert machine.path(f"{ASIDE}/rig/var/lib/deeprig/backup/state/state.json").exists()
    assert told.aside.is_good


def test_what_lies_aside_is_never_written_over(rebuild, machine, dead, restic):
    done(rebuild())
    (dead / "etc/motd").write_text("of another day\n")
    restic.add("rig", dead, paths=PATHS)
    foreseen, _ = done(rebuild())
    assert foreseen.aside == f"{ASIDE}/rig.2"
    assert machine.path(f"{ASIDE}/rig/etc/motd").read_text() == "of the dead one\n"
    assert machine.path(f"{ASIDE}/rig.2/etc/motd").read_text() == "of another day\n"
    assert f"aside, in {ASIDE}/rig.2: " in foreseen_text(foreseen, None)
    machine.path(f"{ASIDE}/rig/etc/motd").write_text("looked at, and changed\n")
    assert done(rebuild())[0].aside == f"{ASIDE}/rig.2"
    assert machine.path(f"{ASIDE}/rig/etc/motd").read_text() == "looked at, and changed\n"


def test_what_a_rebuild_that_was_cut_off_left_aside_is_gone_on_with(rebuild, machine):
    done(rebuild())
    machine.path(f"{ASIDE}/rig/etc/motd").unlink()
    assert done(rebuild())[0].aside == f"{ASIDE}/rig"
    assert machine.path(f"{ASIDE}/rig/etc/motd").read_text() == "of the dead one\n"


def test_a_restore_through_a_user_s_link_is_refused_before_anything_is_written(
    rebuild, machine, restic, repository
):
    found = rebuild().foresee().found
    machine.path("/home/ada").mkdir()
    out = machine.path("/home/ada/out")
    out.symlink_to(machine.path("/etc"))
    for path in (out.parent, out):
        os.chown(path, 1234, 1234, follow_symlinks=False)
    before, looked = picture(machine.root), len(restic.restored)
    wish = Wish(("/home/carl/thesis",), "/home/ada/out")
    with pytest.raises(Refused, match="a link that is not root's"):
        restore(machine, found.source, wish, survey(found.source, wish))
    with pytest.raises(Refused, match="a link that is not root's"):
        plan(machine, found.source, wish)
    assert picture(machine.root) == before
    assert len(restic.restored) == looked


def test_what_of_etc_is_named_comes_back(rebuild, machine):
    done(rebuild(etc=("/etc/motd",)))
    assert machine.path("/etc/motd").read_text() == "of the dead one\n"
    assert not machine.path("/etc/fstab").exists()


def test_what_is_named_and_not_in_the_backup_stops_it_before_anybody_is_made(rebuild, machine):
    work = rebuild(etc=("/etc/not-there",))
    foreseen = work.foresee()
    before = picture(machine.root)
    with pytest.raises(Refused, match="does not hold what is to be restored"):
        work.carry_out(foreseen)
    assert picture(machine.root) == before


def test_what_must_never_come_back_is_refused_before_anything_is_asked(rebuild, restic):
    with pytest.raises(Refused) as refused:
        rebuild(etc=("/etc/motd", "/etc/fstab")).foresee()
    assert refused.value.evidence == (
        "/etc/fstab: it names the old disks: the machine might not boot",
    )
    assert restic.asked == []


def test_root_s_groups_are_left_to_the_inventory_and_until_then_it_is_not_rebuilt(rebuild, machine):
    foreseen, told = done(rebuild())
    assert not told.is_good
    text = rebuilt_text(foreseen, told)
    assert "carl was in sudo, which makes root: only the inventory gives that" in text
    assert "not rebuilt: " in text
    group = machine.path("/etc/group")
    group.write_text(f"{group.read_text()}sudo:x:27:carl\n")
    foreseen, told = done(rebuild())
    assert told.is_good, rebuilt_text(foreseen, told)
    assert "\nrebuilt: " in rebuilt_text(foreseen, told)


def test_again_changes_nothing(rebuild, machine):
    done(rebuild())
    before = picture(machine.root)
    foreseen, told = done(rebuild())
    assert {one.action for one in (*told.in_place.placed, *told.aside.placed)} <= {"same"}
    assert (foreseen.accounts.users, foreseen.accounts.groups, told.made) == ((), (), ())
    assert picture(machine.root) == before


def test_a_dry_run_changes_nothing_and_tells_all(rebuild, machine):
    before = picture(machine.root)
    work = rebuild()
    foreseen = work.foresee()
    restored = work.restored_if(foreseen)
    text = foreseen_text(foreseen, restored)
    assert "would make user carl with the number 1500" in text
    assert "only in the backup: /usr/local/cuda-12.4: NVIDIA's packages place it" in text
    document = json.loads(json.dumps(foreseen_document(foreseen, restored)))
    assert document["is_dry_run"] is True
    assert document["withheld"] == [["carl", "sudo"]]
    assert document["restored"]["counted"]["created"] >= 3
    assert picture(machine.root) == before


def test_what_is_newer_here_stays(rebuild, machine):
    machine.path("/home/carl").mkdir()
    machine.path("/home/carl/thesis").write_text("of today\n")
    os.utime(machine.path("/home/carl/thesis"), (4_000_000_000, 4_000_000_000))
    _, told = done(rebuild())
    assert machine.path("/home/carl/thesis").read_text() == "of today\n"
    assert machine.path("/home/carl").stat().st_mode & 0o777 == 0o750
    done(rebuild(overwrite="all"))
    assert machine.path("/home/carl/thesis").read_text() == "years of work\n"
    assert told.in_place.is_good


def test_a_skeleton_s_newer_file_does_not_stand_in_the_way_of_a_person_s(rebuild, machine, dead):
    with machine.path("/etc/passwd").open("a") as file:
        file.write("carl:x:1500:1500::/home/carl:/bin/sh\n")
    skeleton = machine.path("/etc/skel")
    skeleton.mkdir()
    home = machine.path("/home/carl")
    home.mkdir()
    for name in (".bashrc", ".profile"):
        (dead / "home/carl" / name).write_text("of years ago\n")
        (skeleton / name).write_text("of this release\n")
        (home / name).write_text("of this release\n")
        os.utime(home / name, (4_000_000_000, 4_000_000_000))
    (home / ".profile").write_text("changed today\n")
    os.utime(home / ".profile", (4_000_000_000, 4_000_000_000))
    done(rebuild())
    assert (home / ".bashrc").read_text() == "of years ago\n"
    assert (home / ".profile").read_text() == "changed today\n"


def test_other_installations_of_the_name_are_told(rebuild, restic, machine_at, tmp_path):
    other = machine_at(tmp_path / "other", "an even older one")
    restic.add("rig", other.root, "machine-0123")
    restic.rows.reverse()
    restic.rows[0]["time"] = "2001-01-01T00:00:00Z"
    work = rebuild()
    text = foreseen_text(work.foresee(), None)
    assert "another installation was rig too: snapshot 11111111 of rig, 2001-01-01" in text


def test_a_number_of_another_stops_it_and_by_name_the_files_follow(rebuild, machine):
    passwd = machine.path("/etc/passwd")
    passwd.write_text(f"{passwd.read_text()}zed:x:1500:1:z:/:/bin/sh\n")
    before = picture(machine.root)
    with pytest.raises(Refused, match="are others' on this machine"):
        rebuild().foresee()
    assert picture(machine.root) == before
    foreseen, told = done(rebuild(owners_by="names"))
    assert machine.path("/home/carl/thesis").stat().st_uid == 1000
    document = json.loads(json.dumps(rebuilt_document(foreseen, told)))
    assert document["renumbered"]["users"] == {"1500": 1000}
    (carl,) = (one for one in told.findings if (one.area, one.name) == ("user", "carl"))
    assert carl.detail == "no longer in sudo"


def test_damage_of_the_repository_is_refused_and_no_file_is_touched(rebuild, machine, restic):
    work = rebuild()
    foreseen = work.foresee()
    restic.fails = "restore"
    with pytest.raises(Refused, match="no file was changed"):
        work.carry_out(foreseen)
    assert not machine.path("/home/carl").exists()
    restic.fails = ""
    done(rebuild())
    assert machine.path("/home/carl/thesis").exists()


def test_a_chosen_package_that_is_missing_is_told_and_installed_only_when_told_to(
    rebuild, machine, dead
):
    status = machine.path("/var/lib/dpkg/status")
    status.write_text(status.read_text().replace("Package: tool", "Package: other"))
    foreseen, told = done(rebuild())
    assert "chosen packages that are missing here (--packages): tool" in rebuilt_text(
        foreseen, told
    )
    assert not any(call[0].startswith("apt") for call in machine.run.calls)
    foreseen, told = done(rebuild(with_packages=True))
    assert "failed: tool: no package source of this machine has it" in rebuilt_text(foreseen, told)
    assert not told.is_good
