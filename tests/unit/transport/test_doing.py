"""Which commands are done over the line, and that files are written there as cp(1) writes them."""

import io
import os
import stat
import subprocess
from io import BytesIO, StringIO
from pathlib import Path

import pytest
from pyinfra.api.command import (
    FileUploadCommand,
    FunctionCommand,
    HiddenValue,
    QuoteString,
    StringCommand,
)

from deeprig.transport import doing, far_side
from deeprig.transport.doing import doing_of, write_of
from deeprig.transport.frames import (
    NOT_HERE,
    NOT_RUN,
    Question,
    Write,
    frame_in_order,
    read_answers,
)
from tests.unit.transport.test_frames import of_answers, receiver

SUDO = {"_sudo": True, "_env": {}, "_timeout": None}


@pytest.mark.parametrize(
    "text",
    [
        "chmod 644 /etc/a",
        "chmod -R 644 /etc/a",
        "chown root:adm '/etc/a b'",
        "chgrp -h adm /a",
        "mkdir -p /etc/a/b.d",
        "touch /a",
        "rm -f '/etc/$(reboot); x'",
        "rm -rf /etc/a",
    ],
)
def test_small_commands_of_files_are_done_over_the_line(text):
    assert doing_of(StringCommand(text), SUDO) == Question("sh", text, sudo=True)


@pytest.mark.parametrize(
    "text",
    [
        "mkdir /etc/a",  # not twice
        "ln -s /a /b",
        "mv /a /b",
        "cp /a /b",
        "chmod",
        "chmod 644 $(cat /a)",
        "chmod 644 /a; reboot",
        "chmod 644 /a\nreboot",
        "chmod 644 '/a\n'",
        "chmod 644 /a && reboot",
        "chmod 644 /a > /b",
        "chmod 644 '/a'$b",
        "chmod 644 /a*",
        "chmod 644 /a &",
        "chmod 644 ~/a",
        "chmodx 644 /a",
        "rm -r /a",
        "FOO=1 touch /a",
        "systemctl restart cron",
    ],
)
def test_others_go_pyinfras_own_way(text):
    assert doing_of(StringCommand(text), SUDO) is None


class Unit(StringCommand):
    """One that knows more than its text, as a steady command does."""


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        (Unit("touch /a"), SUDO),
        (FunctionCommand(print, (), {}), SUDO),
        (StringCommand("touch /a"), {**SUDO, "_success_exit_codes": [0, 1]}),
        (StringCommand("touch /a"), {**SUDO, "_timeout": 5}),
        (StringCommand("touch /a"), {**SUDO, "_sudo_user": "ada"}),
        (FileUploadCommand(StringIO("x"), "/a"), {**SUDO, "_su_user": "ada"}),
        (FileUploadCommand(StringIO("x"), "/a"), {**SUDO, "_chdir": "/var"}),
        (FileUploadCommand(StringIO("x"), "a"), SUDO),
        (FileUploadCommand("/no/where", "/a"), SUDO),
        (FileUploadCommand(Path("/etc/hostname"), "/a"), SUDO),
        (FileUploadCommand(StringIO("\udcff"), "/a"), SUDO),
        (FileUploadCommand("/dev", "/a"), SUDO),
    ],
)
def test_whatever_is_out_of_the_ordinary_goes_pyinfras_own_way(command, arguments):
    assert doing_of(command, arguments) is None


def test_secrets_in_a_command_are_sent_as_they_are():
    command = StringCommand("touch", QuoteString(HiddenValue("/a b")))
    assert doing_of(command, {}) == Question("sh", "touch '/a b'", sudo=False)


def test_uploads_are_read_whole_from_wherever_they_come(tmp_path):
    there = tmp_path / "there"
    there.write_bytes(b"\0\xff")
    read = BytesIO(b"twice")
    read.read()
    for source, content in (
        (StringIO("Grüße"), "Grüße".encode()),
        (read, b"twice"),
        (str(there), b"\0\xff"),
    ):
        assert write_of(source, "/a b", SUDO) == Write("/a b", content, sudo=True)
        assert write_of(source, "/a b", {"_env": {"A": "1"}}) == Write("/a b", content, sudo=False)


@pytest.mark.parametrize("as_file", [False, True])
def test_what_is_too_large_for_a_frame_is_streamed(tmp_path, monkeypatch, as_file):
    monkeypatch.setattr(doing, "LARGEST_BYTES", 10)

    def source(size):
        if not as_file:
            return BytesIO(b"x" * size)
        (tmp_path / "file").write_bytes(b"x" * size)
        return str(tmp_path / "file")

    assert write_of(source(10), "/a", {}) is not None
    assert write_of(source(11), "/a", {}) is None


def done(*items):
    """Return the answers of the far side, over frames."""
    fields = far_side.read_frame(io.BytesIO(frame_in_order(items)))
    packed = far_side.pack(far_side.answer(fields))
    return read_answers(receiver(packed), len(items))


def codes(*items):
    return [answer.code for answer in done(*items)]


def test_what_is_asked_in_order_is_done_in_order_up_to_the_first_that_fails(tmp_path):
    at = tmp_path / "file"
    write = Write(str(at), b"text", sudo=False)
    first = Question("sh", f"chmod 640 {at}; cat {at}", sudo=False)
    wrong = Question("bash", "echo no >&2; exit 3", sudo=False)
    never = Question("sh", f"rm {at}", sudo=False)
    one, two, three, four, five = done(write, first, wrong, never, write)
    assert (one.code, one.output, one.errors) == (0, b"", b"")
    assert (two.code, two.output) == (0, b"text")
    assert (three.code, three.errors) == (3, b"no\n")
    assert (four.code, five.code) == (NOT_RUN, NOT_RUN)
    assert (at.read_bytes(), stat.S_IMODE(at.stat().st_mode)) == (b"text", 0o640)


def test_codes_of_what_was_not_done_are_those_of_no_process():
    assert int(far_side._NOT_HERE) == NOT_HERE < -64
    assert int(far_side._NOT_RUN) == NOT_RUN < -64
    assert read_answers(receiver(of_answers(*done(Question("sh", "exit 255", False)))), 1)


def places(where):
    """Make one of everything that can be at the end of a path, with another's text."""
    (where / "deep").mkdir(parents=True)
    (where / "file").write_text("a much longer text than what is written")
    (where / "file").chmod(0o4750)
    (where / "hard").hardlink_to(where / "file")
    (where / "link").symlink_to("deep/target")
    (where / "deep/target").write_text("old")
    (where / "deep/target").chmod(0o600)
    (where / "dangling").symlink_to("deep/nothing")
    (where / "loop").symlink_to("loop")
    os.mkfifo(where / "pipe")
    return where


def state_of(where):
    """Return kind, mode, links and text of everything below a place."""
    told = {}
    for path in sorted(where.rglob("*")):
        about = path.lstat()
        text = path.read_text() if path.is_file() and not path.is_symlink() else None
        told[str(path.relative_to(where))] = (oct(about.st_mode), about.st_nlink, text)
    return told


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
@pytest.mark.parametrize("name", ["new", "a ü\n$(b)", "file", "hard", "link", "deep/target"])
def test_a_file_is_written_as_cp_writes_it(tmp_path, name, umask):
    ours, theirs = places(tmp_path / "ours"), places(tmp_path / "theirs")
    old = os.umask(umask)
    try:
        (tmp_path / "uploaded").write_text("new text")
        subprocess.run(["cp", str(tmp_path / "uploaded"), str(theirs / name)], check=True)
        assert codes(Write(str(ours / name), b"new text", sudo=False)) == [0]
    finally:
        os.umask(old)
    assert state_of(ours) == state_of(theirs)


@pytest.mark.parametrize("name", ["deep", "dangling", "loop", "pipe", "no/where", "file/below"])
def test_what_cp_refuses_or_takes_otherwise_is_left_to_it(tmp_path, name):
    ours = places(tmp_path / "ours")
    before = state_of(ours)
    assert codes(Write(str(ours / name), b"new", sudo=False)) == [NOT_HERE]
    assert state_of(ours) == before
