"""What one side writes the other reads, and what is damaged is never taken for an answer."""

import io
import random
import tracemalloc

import pytest

from deeprig.transport import far_side
from deeprig.transport.frames import (
    LARGEST_BYTES,
    Answer,
    NotUnderstood,
    Question,
    frame_of,
    read_answers,
)


def receiver(data):
    """Return a function that gives exactly so many bytes, or raises as a line does at its end."""
    stream = io.BytesIO(data)

    def receive(length):
        part = stream.read(length)
        if len(part) < length:
            raise EOFError
        return part

    return receive


def of_answers(*answers):
    return far_side.pack([f for a in answers for f in (b"%d" % a.code, a.output, a.errors)])


def test_questions_arrive_as_they_were_asked():
    asked = [Question("sh", "echo 'ä\n' \"$X\"", True), Question("bash", "", False)]
    fields = far_side.read_frame(io.BytesIO(frame_of(asked)))
    assert fields == [b"sh", "echo 'ä\n' \"$X\"".encode(), b"", b"bash", b"", b""]


def test_answers_arrive_byte_for_byte():
    told = (
        Answer(0, bytes(range(256)), b""),
        Answer(-9, b"", b"\xff\x00\n"),
        Answer(255, b"x" * 3_000_000, b"y"),
    )
    assert read_answers(receiver(of_answers(*told)), 3) == told
    assert read_answers(receiver(far_side.pack([])), 0) == ()


def test_two_frames_in_a_row_are_two_frames():
    one, two = Answer(0, b"one", b""), Answer(1, b"", b"two")
    receive = receiver(of_answers(one) + of_answers(two))
    assert read_answers(receive, 1) == (one,)
    assert read_answers(receive, 1) == (two,)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_another_number_of_answers_than_of_questions_is_not_understood(count):
    frame = of_answers(Answer(0, b"", b""), Answer(0, b"", b""))
    with pytest.raises(NotUnderstood):
        read_answers(receiver(frame), count)


def test_a_frame_of_a_monstrous_size_is_not_waited_for():
    with pytest.raises(NotUnderstood, match="bytes"):
        read_answers(receiver((LARGEST_BYTES + 1).to_bytes(4, "big")), 1)


def test_a_small_frame_that_would_be_a_monstrous_answer_takes_no_memory():
    frame = of_answers(Answer(0, bytes(4 * LARGEST_BYTES), b""))
    assert len(frame) < LARGEST_BYTES // 10
    tracemalloc.start()
    try:
        with pytest.raises(NotUnderstood, match="unpacked"):
            read_answers(receiver(frame), 1)
        assert tracemalloc.get_traced_memory()[1] < 3 * LARGEST_BYTES
    finally:
        tracemalloc.stop()


def test_of_more_fields_than_were_asked_for_no_list_is_made():
    with pytest.raises(NotUnderstood, match="more fields"):
        read_answers(receiver(far_side.pack([b""] * 4)), 1)


def test_an_answer_may_be_as_large_as_a_frame():
    frame = of_answers(Answer(0, bytes(LARGEST_BYTES - 13), b""))  # 13: the lengths, and the "0"
    (answer,) = read_answers(receiver(frame), 1)
    assert len(answer.output) == LARGEST_BYTES - 13


@pytest.mark.parametrize("text", [b"bash: warning: setlocale: LC_ALL", b"Welcome to the machine\n"])
def test_words_are_no_frame(text):
    with pytest.raises((NotUnderstood, EOFError)):
        read_answers(receiver(text), 1)


def test_a_frame_with_any_byte_changed_or_cut_is_never_taken_for_another_answer():
    told = (Answer(0, b"kept", b""), Answer(3, b"", b"said"))
    whole = of_answers(*told)
    for at in range(len(whole)):
        with pytest.raises(EOFError):
            read_answers(receiver(whole[:at]), 2)
    luck = random.Random(1)  # noqa: S311 - the same faults each time
    for _ in range(2000):
        at = luck.randrange(4, len(whole))  # past the length
        broken = bytearray(whole)
        broken[at] ^= 1 << luck.randrange(8)
        try:
            assert read_answers(receiver(bytes(broken)), 2) == told  # a bit that says nothing
        except (NotUnderstood, EOFError):
            continue


def test_the_far_side_runs_commands_and_tells_code_output_and_errors_in_order():
    asked = [b"echo one; echo two >&2; exit 3", b"kill -9 $$", b"cat", b"printf '\\377'", b"exit 0"]
    found = far_side.answer([field for text in asked for field in (b"sh", text, b"")])
    assert [found[i : i + 3] for i in range(0, len(found), 3)] == [
        [b"3", b"one\n", b"two\n"],
        [b"-9", b"", b""],
        [b"0", b"", b""],  # its input is empty, and at its end
        [b"0", b"\xff", b""],
        [b"0", b"", b""],
    ]


def test_the_far_side_tells_a_shell_that_does_not_exist():
    code, output, errors = far_side.answer([b"no-such-shell", b"true", b""])
    assert (code, output) == (b"127", b"")
    assert b"no-such-shell" in errors


def test_many_commands_of_one_frame_are_each_answered_once():
    texts = [b"echo %d" % i for i in range(60)]
    found = far_side.answer([field for text in texts for field in (b"sh", text, b"")])
    assert found[1::3] == [b"%d\n" % i for i in range(60)]
