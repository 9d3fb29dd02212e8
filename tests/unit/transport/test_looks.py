"""What the far side looks at by itself is what the command prints; nothing else is looked at."""

import os
import re
import stat
import subprocess
from pathlib import Path

import pytest
from pyinfra.facts.files import (
    Directory,
    File,
    FindInFile,
    Link,
    Md5File,
    Sha1File,
    Sha256File,
    Sha384File,
    Socket,
)
from pyinfra.facts.server import AuthorizedKeys, Groups, Os, Users

from deeprig.transport import far_side
from deeprig.transport.looks import look_of, next_texts, stat_command


def shell(text, **variables):
    done = subprocess.run(["sh", "-c", text], capture_output=True, check=False)
    return [b"%d" % done.returncode, done.stdout, done.stderr]


def looked(text):
    what = look_of(text)
    assert what, text
    return far_side.look(what.encode(), far_side.environment())


def without_atime(told):
    return re.sub(rb"atime=\d+", b"", told)


def command(fact, path):
    return fact().command(path).get_raw_value()


@pytest.fixture
def place(tmp_path):
    """A directory with one of everything that a path can be."""
    (tmp_path / "file").write_bytes(b"text\n" * 100_000)
    (tmp_path / "empty").touch()
    (tmp_path / "set").touch(mode=0o644)
    (tmp_path / "set").chmod(0o6751)
    (tmp_path / "none").touch()
    (tmp_path / "none").chmod(0)
    (tmp_path / "directory").mkdir(mode=0o1777)
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "dangling").symlink_to("/no/where")
    (tmp_path / "to-directory").symlink_to(tmp_path / "directory")
    os.mkfifo(tmp_path / "pipe")
    old = 1_000_000_000
    os.utime(tmp_path / "empty", (old, old + 1))
    return tmp_path


NAMES = (
    *("file", "empty", "set", "none", "directory", "link", "dangling", "to-directory", "pipe"),
    *("missing", "file/below", "missing/below", "directory/", "./file", "directory/../file"),
)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("fact", [File, Directory, Link, Socket])
def test_a_look_at_a_path_is_what_stat_prints(place, name, fact):
    text = command(fact, f"{place}/{name}")
    # Whoever reads where a link goes changes when it was read last.
    assert [without_atime(told) for told in looked(text)] == list(map(without_atime, shell(text)))


@pytest.mark.parametrize("path", ["/", "/dev/null", "/dev/tty", "/etc/mtab", "/tmp", "/etc/shadow"])
def test_devices_and_the_root(path):
    told, expected = looked(command(File, path)), shell(command(File, path))
    assert list(map(without_atime, told)) == list(map(without_atime, expected))


@pytest.mark.parametrize("fact", [Sha1File, Sha256File, Md5File])
@pytest.mark.parametrize("name", ["file", "empty", "missing", "file/below"])
def test_a_digest_is_the_one_that_the_program_prints(place, name, fact):
    text = command(fact, f"{place}/{name}")
    assert looked(text) == shell(text)


@pytest.mark.parametrize("name", ["directory", "link", "dangling", "pipe"])
def test_a_digest_of_anything_else_is_left_to_the_program(place, name):
    assert looked(command(Sha1File, f"{place}/{name}")) is None


def test_what_stat_would_write_in_another_way_is_left_to_it(place, monkeypatch):
    (place / "odd").symlink_to("it's")
    assert looked(command(File, f"{place}/odd")) is None
    monkeypatch.setattr(far_side.pwd, "getpwuid", {}.__getitem__)  # a user without a name
    assert looked(command(File, f"{place}/file")) is None
    what = look_of(command(File, "/etc")).encode()
    assert far_side.look(what, {b"QUOTING_STYLE": b"c"}) is None


@pytest.mark.parametrize(
    "path", ["/it's", "/a b", "/ä", "relative", "~/file", "/$HOME", "/a\nb", "/a*"]
)
def test_a_path_that_is_not_plain_is_left_to_the_shell(path):
    for fact in (File, Sha1File):
        assert look_of(command(fact, path)) == ""


def test_only_the_very_command_of_a_fact_is_looked_at():
    text = command(File, "/etc")
    assert look_of(text) == "stat /etc"
    for other in (text + " ", f"{text}; reboot", f"cd / && {text}", text.replace("%s", "%S"), ""):
        assert look_of(other) == ""
    assert look_of(command(Sha384File, "/etc/passwd")) == ""
    assert look_of(str(FindInFile().command("/etc/passwd", "root"))) == ""
    assert look_of("test -e /etc && ( sha1sum /etc/passwd )") == ""


def test_what_is_likely_to_be_asked_next_is_the_directory_and_the_content():
    assert tuple(next_texts(stat_command("/etc/apt/x.conf"))) == (
        stat_command("/etc/apt"),
        command(Sha1File, "/etc/apt/x.conf"),
    )
    assert tuple(next_texts(command(Sha1File, "/etc/passwd"))) == ()
    assert tuple(next_texts("uname -s")) == ()
    assert tuple(next_texts(Users().command())) == (Groups().command(), Os().command())
    keys = "/home/ada/.ssh/authorized_keys"
    assert tuple(next_texts(stat_command("/home/ada/.ssh")))[2:] == (
        stat_command(keys),
        AuthorizedKeys().command("ada", keys).get_raw_value(),
    )


def test_the_fixture_has_what_it_says(place):
    kinds = {stat.S_IFMT(Path(place, name).lstat().st_mode) for name in NAMES[:9]}
    assert kinds == {stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK, stat.S_IFIFO}
