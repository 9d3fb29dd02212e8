"""An operation's small commands go in one frame, and nothing there happens in another order."""

import io
from io import StringIO
from pathlib import Path

import pytest
from pyinfra.api.command import FileUploadCommand, FunctionCommand, StringCommand
from pyinfra.api.facts import FactBase
from pyinfra.api.operation import operation
from pyinfra.api.operations import run_host_op
from pyinfra.api.state import StateStage
from pyinfra.context import ctx_host

from deeprig.engine.connector import QuickSSHConnector
from deeprig.transport import far_side, together
from deeprig.transport.frames import (
    Answer,
    Question,
    Write,
    frame_in_order,
    read_answers,
)
from deeprig.transport.line import LineEnded
from deeprig.transport.together import do_together
from tests.unit.transport.conftest import FakeLine
from tests.unit.transport.test_frames import receiver


class Text(FactBase):
    """What is in a file, now."""

    def command(self, path):
        return f"cat {path}"

    def process(self, output):
        return list(output)


class HereLine(FakeLine):
    """The far side in this process, on this machine's files. ``did`` are the frames in order."""

    did = ()
    ends = False

    def ask(self, questions):
        self.asked.append(tuple(question.text for question in questions))
        return tuple(Answer(0, Path(q.text.split()[1]).read_bytes(), b"") for q in questions)

    def do(self, items):
        if self.ends:
            raise LineEnded("gone")
        named = tuple(i.path if isinstance(i, Write) else i.text for i in items)
        type(self).did = (*type(self).did, named)
        fields = far_side.read_frame(io.BytesIO(frame_in_order(items)))
        return read_answers(receiver(far_side.pack(far_side.answer(fields))), len(items))


@pytest.fixture
def here(host, monkeypatch):
    """The host, whose line works on this machine's files."""
    monkeypatch.setattr("deeprig.transport.connector.Line", HereLine)
    monkeypatch.setattr(HereLine, "made", ())
    monkeypatch.setattr(HereLine, "did", ())
    host.uploads = []

    def put_file(self, source, path, *arguments, **options):
        host.uploads.append(path)
        return "refused" not in path

    monkeypatch.setattr(QuickSSHConnector, "put_file", put_file)
    host.state.set_stage(StateStage.Prepare)
    host.state.activate_host(host)
    ctx_host.set(host)
    yield host
    ctx_host.reset()


@operation()
def yields(commands):
    """Yield what a function of the host's state yields."""
    yield from commands()


def run(host, commands, **options):
    """Run an operation of these commands; return whether it went well, and what it noted."""
    meta = yields(name="One", commands=commands, **options)
    host.state.current_stage = StateStage.Execute
    host.state.is_executing = True
    (of_it,) = host.op_hash_order
    do_together(host, host.state.get_op_data_for_host(host, of_it))
    succeeded = run_host_op(host.state, host, of_it)
    assert host.connector.waiting is None
    return succeeded, meta


def upload(path, text="text"):
    return FileUploadCommand(StringIO(text), str(path))


def test_an_upload_and_what_follows_is_one_round_trip(here, tmp_path):
    path = tmp_path / "file"
    commands = [upload(path), StringCommand("chmod", "600", str(path)), f"touch {path}.more"]
    succeeded, meta = run(here, lambda: commands)
    assert succeeded
    assert meta.did_change()
    assert HereLine.did == ((str(path), f"chmod 600 {path}", f"touch {path}.more"),)
    assert (path.read_text(), oct(path.stat().st_mode)) == ("text", "0o100600")
    assert (here.stock, here.uploads) == ([], [])
    assert here.connector.trips.frames == 1
    assert [type(c) for c in meta._commands] == [FileUploadCommand, StringCommand, StringCommand]


def test_another_command_is_run_in_its_place(here, tmp_path):
    path = tmp_path / "file"

    def commands():
        yield upload(path)
        yield "systemctl daemon-reload"
        yield f"touch {path}"

    assert run(here, commands)[0]
    assert HereLine.did == ((str(path),), (f"touch {path}",))
    assert here.stock == ["systemctl daemon-reload"]


def test_a_question_finds_everything_done_that_was_yielded_before_it(here, tmp_path):
    path = tmp_path / "file"

    def commands():
        yield upload(path, "first")
        assert here.get_fact(Text, path=str(path)) == ["first"]
        yield upload(path, "second")
        yield f"chmod 600 {path}"
        assert here.get_fact(Text, path=str(path)) == ["second"]

    assert run(here, commands)[0]
    assert [len(frame) for frame in HereLine.did] == [1, 2]


def test_an_operations_own_function_finds_everything_done(here, tmp_path):
    path, found = tmp_path / "file", []
    commands = [upload(path), FunctionCommand(lambda: found.append(path.read_text()), (), {})]
    assert run(here, lambda: commands)[0]
    assert found == ["text"]


def test_the_first_failure_ends_the_operation_and_says_why(here, tmp_path):
    missing = tmp_path / "missing"
    commands = [upload(tmp_path / "file"), f"chmod 600 {missing}", f"touch {missing}"]
    succeeded, meta = run(here, lambda: commands)
    assert not succeeded
    assert not missing.exists()
    assert "No such file" in meta.stderr
    assert [str(c) for c in meta._commands[1:]] == [f"chmod 600 {missing}"]
    assert here.stock == []


def test_an_operation_whose_command_failed_gets_no_answer_to_its_next_question(here, tmp_path):
    reached = []

    def commands():
        yield f"chmod 600 {tmp_path}/missing"
        here.get_fact(Text, path=str(tmp_path / "any"))
        reached.append(True)

    succeeded, meta = run(here, commands)
    assert not succeeded
    assert "No such file" in meta.stderr
    assert reached == []


def test_what_an_operation_raises_comes_after_what_it_yielded(here, tmp_path):
    path = tmp_path / "file"

    def commands():
        yield upload(path)
        raise KeyError("a mistake in a role")

    with pytest.raises(KeyError, match="a mistake"):
        run(here, commands)
    assert path.read_text() == "text"
    assert here.connector.waiting is None


def test_what_the_line_does_not_write_goes_pyinfras_own_way_and_the_rest_after_it(here, tmp_path):
    commands = [f"touch {tmp_path}/before", upload(tmp_path), f"touch {tmp_path}/after"]
    assert run(here, lambda: commands)[0]
    assert here.uploads == [str(tmp_path)]
    assert here.stock == [f"touch {tmp_path}/after"]
    assert (tmp_path / "before").exists()


@pytest.mark.parametrize("is_asked", [False, True])
def test_what_is_refused_there_too_has_failed(here, tmp_path, is_asked):
    (tmp_path / "refused").mkdir()

    def commands():
        yield upload(tmp_path / "refused")
        if is_asked:
            here.get_fact(Text, path=str(tmp_path / "any"))
        yield "never"

    assert not run(here, commands)[0]
    assert here.uploads == [str(tmp_path / "refused")]
    assert here.stock == []


def test_a_question_after_one_that_went_pyinfras_way_is_asked_after_it(here, tmp_path):
    (tmp_path / "there").write_text("seen")
    source = StringIO("the same")

    def commands():
        yield FileUploadCommand(source, str(tmp_path))
        yield FileUploadCommand(source, str(tmp_path / "file"))
        assert here.uploads == []
        assert here.get_fact(Text, path=str(tmp_path / "there")) == ["seen"]
        assert (tmp_path / "file").read_text() == "the same"

    assert run(here, commands)[0]
    assert here.uploads == [str(tmp_path)]


def test_without_a_line_all_goes_pyinfras_own_way(here, tmp_path, monkeypatch):
    monkeypatch.setattr(HereLine, "ends", True)
    commands = [upload(tmp_path / "a"), f"touch {tmp_path}/b", upload(tmp_path / "c")]
    assert run(here, lambda: commands)[0]
    assert here.uploads == [f"{tmp_path}/a", f"{tmp_path}/c"]
    assert here.stock == [f"touch {tmp_path}/b"]
    assert here.connector.trips.without_line == "gone"


def test_each_privilege_has_its_frame(here, tmp_path):
    as_root = StringCommand("touch", f"{tmp_path}/b", _sudo=True)
    commands = [f"touch {tmp_path}/a", as_root, f"touch {tmp_path}/c"]
    assert run(here, lambda: commands)[0]
    assert [line.sudo for line in HereLine.made] == [False, True]
    assert [len(frame) for frame in HereLine.did] == [1, 1, 1]


def test_a_frame_carries_only_so_much(here, tmp_path, monkeypatch):
    monkeypatch.setattr(together, "LARGEST_BYTES", 10)
    commands = [upload(tmp_path / str(i), "1234") for i in range(5)]
    assert run(here, lambda: commands)[0]
    assert [len(frame) for frame in HereLine.did] == [2, 2, 1]


@pytest.mark.parametrize("option", ["print_output", "print_input", "_continue_on_error"])
def test_what_is_printed_or_goes_on_after_a_failure_is_done_one_by_one(here, tmp_path, option):
    options = {option: True} if option.startswith("_") else {}
    if not options:
        setattr(here.state, option, True)
    commands = [upload(tmp_path / "a"), f"chmod 600 {tmp_path}/a", f"touch {tmp_path}/b"]
    assert run(here, lambda: commands, **options)[0]
    assert here.stock == [f"chmod 600 {tmp_path}/a", f"touch {tmp_path}/b"]


def test_an_operation_that_is_tried_again_is_done_again(here, tmp_path, monkeypatch):
    monkeypatch.setattr("pyinfra.api.operations.time.sleep", lambda seconds: None)
    tries = []

    def commands():
        tries.append(True)
        yield f"touch {tmp_path}/a"
        yield f"chmod 600 {tmp_path}/{'missing' if len(tries) == 1 else 'a'}"

    assert run(here, commands, _retries=1)[0]
    assert [len(frame) for frame in HereLine.did] == [2, 2]


def test_another_connector_is_left_alone(here):
    here.connector = object()
    yields(name="One", commands=lambda: ())
    data = here.state.get_op_data_for_host(here, here.op_hash_order[0])
    before = data.command_generator
    do_together(here, data)
    assert data.command_generator is before


def test_while_nothing_is_changed_an_operation_asks_a_thing_once(here, tmp_path):
    (tmp_path / "file").write_text("told")
    asked = {"path": str(tmp_path / "file")}

    def commands():
        for _ in range(3):
            assert here.get_fact(Text, **asked) == ["told"]
        yield "systemctl daemon-reload"
        for _ in range(2):
            assert here.get_fact(Text, **asked) == ["told"]

    assert run(here, commands)[0]
    (line,) = HereLine.made
    assert len(line.asked) == 3  # once, and after the change each time
    here.get_fact(Text, **asked)
    here.get_fact(Text, **asked)
    assert len(line.asked) == 5  # no operation is evaluated: live


def test_what_likely_follows_goes_along_with_a_question(here, tmp_path, monkeypatch):
    (tmp_path / "a").write_text("one")
    (tmp_path / "b").write_text("two")
    follows = {f"cat {tmp_path}/a": (f"cat {tmp_path}/b",)}

    def likely_next(questions):
        (asked,) = questions
        return tuple(Question("sh", text, asked.sudo) for text in follows.get(asked.text, ()))

    monkeypatch.setattr("deeprig.transport.connector.likely_next", likely_next)

    def commands():
        assert here.get_fact(Text, path=f"{tmp_path}/a") == ["one"]
        assert here.get_fact(Text, path=f"{tmp_path}/b") == ["two"]
        yield from ()

    assert run(here, commands)[0]
    (line,) = HereLine.made
    assert line.asked == [(f"cat {tmp_path}/a", f"cat {tmp_path}/b")]


def test_what_was_read_ahead_is_not_asked_again(here, tmp_path):
    (tmp_path / "file").write_text("told")
    here.connector.snapshot.open()
    here.get_fact(Text, path=str(tmp_path / "file"))

    def commands():
        assert here.get_fact(Text, path=str(tmp_path / "file")) == ["told"]
        yield from ()

    assert run(here, commands)[0]
    (line,) = HereLine.made
    assert len(line.asked) == 1
    assert here.connector.snapshot.is_open
