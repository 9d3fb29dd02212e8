"""Where a restore may write: through root's own links, and through nobody else's."""

import contextlib
import os

import pytest
from deeprig_host.backup.descent import open_parent
from deeprig_host.backup.target import check_target, open_target
from deeprig_host.machine.refusal import Refused

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to others")
ADA = 1500


@pytest.fixture
def home(tmp_path):
    """A home of ada's, beside a directory of root's."""
    (tmp_path / "etc").mkdir()
    home = tmp_path / "home/ada"
    home.mkdir(parents=True)
    os.chown(home, ADA, ADA)
    return home


def link(path, target, owner):
    path.symlink_to(target)
    os.chown(path, owner, owner, follow_symlinks=False)
    return path


def opened(target):
    with contextlib.ExitStack() as stack:
        return os.fstat(open_target(stack, target))


def test_a_directory_of_a_user_is_a_target_and_what_is_missing_is_made(home):
    check_target(home / "back/again")
    assert not (home / "back").exists()
    made = opened(home / "back/again")
    assert made.st_ino == (home / "back/again").stat().st_ino
    assert (home / "back").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("target", ["{etc}", "../../etc"])
def test_a_link_of_a_user_is_refused_with_nothing_made(home, target):
    out = link(home / "out", target.format(etc=home.parents[1] / "etc"), ADA)
    with pytest.raises(Refused, match="a link that is not root's") as refused:
        check_target(out / "new")
    assert str(out) in str(refused.value)
    with pytest.raises(OSError, match="a link that is not root's"):
        opened(out / "new")
    with pytest.raises(OSError, match="a link that is not root's"), open_parent(out, "/x", {}):
        pass
    assert list((home.parents[1] / "etc").iterdir()) == []


def test_a_link_of_root_s_in_a_user_s_directory_is_refused(home):
    out = link(home / "out", home.parents[1] / "etc", 0)
    with pytest.raises(Refused, match="a link that is not root's"):
        check_target(out)


def test_a_link_in_a_directory_that_others_may_write_to_is_refused_unless_it_is_sticky(home):
    shared = home.parents[1] / "shared"
    shared.mkdir()
    out = link(shared / "out", home.parents[1] / "etc", 0)
    shared.chmod(0o777)
    with pytest.raises(Refused, match="a link that is not root's"):
        check_target(out)
    shared.chmod(0o1777)
    check_target(out)


@pytest.mark.parametrize("target", ["{etc}", "etc", "./home/../etc"])
def test_root_s_own_links_are_followed(home, target):
    root = home.parents[1]
    out = link(root / "out", target.format(etc=root / "etc"), 0)
    assert opened(out / "new").st_ino == (root / "etc/new").stat().st_ino


def test_links_in_a_circle_end(home):
    root = home.parents[1]
    link(root / "one", root / "two", 0)
    link(root / "two", root / "one", 0)
    with pytest.raises(Refused, match="in a circle"):
        check_target(root / "one/x")


def test_a_file_in_the_way_is_told(home):
    (home / "file").write_text("")
    with pytest.raises(Refused, match="this is no directory"):
        check_target(home / "file/x")
