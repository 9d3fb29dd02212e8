"""A file with secrets is never others' to read: the program that places it runs here, for real."""

import base64
import subprocess
import time
from io import StringIO
from types import SimpleNamespace

import pytest
from pyinfra.api.command import FileUploadCommand, StringCommand
from pyinfra.api.exceptions import OperationError
from pyinfra.context import ctx_host

from deeprig.engine.operations import Step, command_text, uploads_of
from deeprig.tasks import closed_files, templates
from deeprig.tasks.closed_files import closed, is_closed, place_closed

SECRET = "password = never-others'-to-read\n"  # noqa: S105 - made for the test
BOUND_SECONDS = 60


class ThisHost:
    """Runs commands here, and gives them their input as pyinfra's connector does (write_stdin)."""

    def __init__(self, cut_after=None):
        self.data = {"_sudo": True}
        self.ran, self.cut_after = [], cut_after

    def run_shell_command(self, command, *, _sudo, _stdin):
        assert _sudo
        self.ran.append(command.get_raw_value())
        given = "".join(f"{line}\n" for line in _stdin)[: self.cut_after]
        # A login user whose files everybody may read.
        text = f"umask 000; {self.ran[-1]}"
        done = subprocess.run(("sh", "-c", text), input=given, capture_output=True, text=True)
        return done.returncode == 0, SimpleNamespace(stdout=done.stdout, stderr=done.stderr)


def mode_of(path):
    return f"{path.stat().st_mode & 0o7777:o}"


@pytest.fixture
def dest(tmp_path):
    return tmp_path / "a place's" / "alerts.conf"


@pytest.fixture(autouse=True)
def _directory(dest):
    dest.parent.mkdir()


@pytest.mark.parametrize("content", [SECRET.encode(), b"no newline \xff\0", b"", b"x" * 300_000])
def test_the_content_arrives_as_it_is_with_its_mode(dest, content):
    host = ThisHost()
    place_closed(host, content, str(dest), "640")
    assert (dest.read_bytes(), mode_of(dest)) == (content, "640")
    assert [path.name for path in dest.parent.iterdir()] == ["alerts.conf"]


def test_no_command_line_holds_the_content(dest):
    host = ThisHost()
    place_closed(host, SECRET.encode(), str(dest), "600")
    (ran,) = host.ran
    assert "never-others" not in ran
    assert base64.b64encode(SECRET.encode()).decode()[:16] not in ran


def test_while_it_comes_nobody_else_can_read_it_and_the_old_one_is_in_place(dest):
    dest.write_text("old")
    dest.chmod(0o600)
    new = dest.with_name("alerts.conf.deeprig-new")
    new.write_text("of an earlier cut, for all")
    new.chmod(0o666)
    text = closed_files._PROGRAM.read_text()
    size = str(len(SECRET))
    words = ("sh", "-c", f"umask 000; {text}", "place", str(dest), size, "root:root", "600")
    given = base64.b64encode(SECRET.encode() * 5000)
    with subprocess.Popen(words, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdin.write(given)
        process.stdin.flush()
        deadline = time.monotonic() + BOUND_SECONDS
        while not (new.exists() and SECRET in new.read_text()):
            assert time.monotonic() < deadline, "nothing arrived"
            time.sleep(0.01)
        assert mode_of(new) == "600"
        assert dest.read_text() == "old"
        process.stdin.close()
        told = process.stderr.read()
    assert process.returncode == 1  # it is not the size that was announced
    assert b"only a part" in told
    assert [path.name for path in dest.parent.iterdir()] == ["alerts.conf"]


@pytest.mark.parametrize("cut_after", [0, 20])
def test_a_cut_places_nothing_and_leaves_nothing(dest, cut_after):
    with pytest.raises(OperationError, match=r"alerts.conf could not be written"):
        place_closed(ThisHost(cut_after), SECRET.encode(), str(dest), "600")
    assert list(dest.parent.iterdir()) == []


def test_a_group_that_is_not_there_is_told_and_nothing_is_left(dest):
    with pytest.raises(OperationError, match="no-such-group"):
        place_closed(ThisHost(), SECRET.encode(), str(dest), "640", "no-such-group")
    assert list(dest.parent.iterdir()) == []


def test_of_what_put_does_only_the_upload_and_what_follows_it_become_one_step(dest):
    upload = FileUploadCommand(StringIO(SECRET), str(dest))
    made = StringCommand("mkdir", "-p", "/etc/deeprig")
    commands = list(closed([made, upload, StringCommand("chmod", "600")], mode="600"))
    assert commands[0] is made
    (step,) = commands[1:]
    assert isinstance(step, Step)
    # A plan tells it, and shows what would change, as before.
    assert command_text(step) == command_text(upload)
    assert list(uploads_of([step])) == [upload]
    host = ThisHost()
    with ctx_host.use(host):
        step.function()
    assert (dest.read_text(), mode_of(dest)) == (SECRET, "600")


def test_a_mode_alone_is_set_as_before():
    commands = [StringCommand("chmod", "600", "/etc/x")]
    assert list(closed(commands, mode="600")) == commands


def test_which_modes_keep_a_file_from_others():
    assert [mode for mode in ("600", "640", "440", "644", "755", "0644") if is_closed(mode)] == [
        "600",
        "640",
        "440",
    ]


@pytest.mark.parametrize(("mode", "is_closed"), [("600", True), ("440", True), ("644", False)])
def test_a_template_is_placed_closed_where_its_mode_says_so(monkeypatch, tmp_path, mode, is_closed):
    used = []
    monkeypatch.setattr(templates, "closed_template", lambda **given: used.append(given))
    monkeypatch.setattr(templates.files, "template", lambda **_: used.append({}))
    content = SimpleNamespace(template=lambda _role, path: tmp_path / path.lstrip("/"))
    context = SimpleNamespace(
        content=content, role="base", settings=1, host_name="rig", facts=2, network=3
    )
    templates.place_template(context, "/etc/apt/apt.conf.d/80deeprig", name="x", mode=mode)
    (given,) = used
    assert bool(given) == is_closed
    if is_closed:
        assert (given["dest"], given["mode"]) == ("/etc/apt/apt.conf.d/80deeprig", mode)
        assert given["data"] == {"settings": 1, "host_name": "rig", "facts": 2, "network": 3}
