"""What becomes of a host's answer: nothing that is not a whole good document counts as good."""

import json

import pytest

from deeprig.backup.request import Request
from tests.unit.backup.asked import RUNS, STATUS, document, refused

RUN = Request("run", ("run",), is_long=True)
UNIT = json.dumps({"unit": "deeprig-backup-run-0a1b2c"})


def test_a_good_document_is_a_good_answer(host):
    host.answers(document(repositories={"disk": {"ok": True}}))
    answer = host.ask()
    assert (answer.status, answer.reason) == ("good", None)
    assert answer.document["repositories"] == {"disk": {"ok": True}}


@pytest.mark.parametrize(
    ("out", "code", "reason"),
    [
        (document(ok=False), 1, None),
        (document(), 1, None),  # its exit code says no
        (document(ok=False), 0, None),  # its document does
        (document(ok="yes"), 0, "does not say whether all is well"),
        ("", 0, "it is no JSON"),
        ("[]", 0, "it is no document"),
        ({"schema": "deeprig.plan/1", "ok": True}, 0, "it is no document"),
        ("[" * 200_000, 0, "it is no JSON"),
        ('{"schema": "deeprig.backup-status/1", "ok": true, "x": NaN}', 0, "it is no JSON"),
        ('{"schema": "deeprig.backup-status/1", "ok": true, "x": 1e999}', 0, "beyond all measure"),
        (document(x=2**65), 0, "beyond all measure"),
        (document(x=[{"y": -(10**400)}]), 0, "beyond all measure: -10000000000..."),
    ],
)
def test_anything_else_is_a_failure(host, out, code, reason):
    host.answers(out, code=code)
    answer = host.ask()
    assert answer.status == "failed"
    assert reason is None or reason in answer.reason


def test_a_refusal_is_told_with_its_evidence_and_remedy(host):
    host.answers(refused("a backup runs", "pid 12", remedy="wait"), "a backup runs; pid 12", code=1)
    answer = host.ask(RUN)
    assert (answer.status, answer.reason) == ("failed", "a backup runs; pid 12")
    assert answer.remedy == "wait"


def test_words_without_a_document_are_the_reason(host):
    host.answers("", "Segmentation fault", code=139)
    assert host.ask().reason == "Segmentation fault"


@pytest.mark.parametrize(
    ("mark", "reason"),
    [
        ("asks", "sudo asks for a password"),
        ("wrong-password", "sudo refused the password"),
        ("no-program", "deeprig's backup program is not on the host"),
        ("no-sudo", "there is no sudo on the host"),
        ("not-root", "the login user is not root"),
    ],
)
def test_why_a_host_does_not_begin_is_told(host, mark, reason):
    host.answers("", f"@@deeprig:{mark}", code=1, runs=False)
    answer = host.ask()
    assert (answer.status, answer.reason) == ("failed", reason)
    assert answer.remedy


def test_a_program_of_another_version_is_told_as_that(host):
    said = "deeprig_host.backup: error: argument COMMAND: invalid choice: 'begin'"
    host.answers("", "usage: ...", said, code=2)
    answer = host.ask(RUN)
    assert "of another version of deeprig" in answer.reason
    assert "deeprig apply --role backup" in answer.remedy


def test_a_host_without_connection_is_unreachable(host):
    said = "ssh: connect to host 192.0.2.1 port 22: Connection refused"
    host.answers("", said, code=255, runs=False)
    answer = host.ask()
    assert answer.status == "unreachable"
    assert "Connection refused" in answer.reason


@pytest.mark.parametrize("code", [255, 137])
def test_a_connection_that_is_lost_leaves_the_work_running(host, code):
    body = f"echo '@@deeprig:runs' >&2; echo '{UNIT}' >&2\n"
    host.script(body + ("exit 255\n" if code == 255 else "kill -9 $$\n"))
    answer = host.ask(RUN)
    assert (answer.status, answer.unit) == ("left running", "deeprig-backup-run-0a1b2c")
    assert "the connection was lost; its work goes on" in answer.reason
    assert "'deeprig backup follow' follows it again" in answer.remedy


def test_progress_is_read_and_what_is_none_is_not(host):
    far = {"what": "backup", "repository": "disk", "step": "backing up", "share": 0.5}
    lines = (
        json.dumps(far | {"done_bytes": 5, "total_bytes": 10}),
        json.dumps(far | {"share": 7, "done_bytes": -1}),
        json.dumps({"step": 7}),
        "{broken",
        json.dumps(far | {"step": "\x1b[2Jevil\nline " + "x" * 900, "repository": ["no"]}),
    )
    host.answers(document(), *lines)
    assert host.ask(RUN).status == "good"
    first, second, third = host.progress.far
    assert (first.repository, first.share, first.done_bytes) == ("disk", 0.5, 5)
    assert (second.share, second.done_bytes) == (None, None)
    assert (third.repository, third.step[:10], len(third.step)) == ("", "evil line ", 60)


def test_what_a_host_says_is_made_harmless(host):
    name = "di\x1b]0;title\x07sk"
    host.answers(document(repositories={name: {"reason": "\x1b[31mred\x00"}}))
    assert host.ask().document["repositories"] == {"disk": {"reason": "red\ufffd"}}


def test_secrets_of_the_inventory_and_of_urls_are_masked(host):
    host.answers(
        document(repositories={"disk": {"reason": "rest:https://ada:hush@h/ hush-login no"}})
    )
    answer = host.ask(ssh_password="hush-login")  # noqa: S106 - the test's own
    text = json.dumps(dict(answer.document))
    assert "hush" not in text
    assert "no" in text


def test_long_work_is_begun_and_short_work_is_asked_for_as_json(host):
    host.answers(document())
    host.ask(RUN)
    assert host.words.splitlines()[-1].endswith("deeprig-backup plain none begin run")
    host.ask(STATUS)
    assert host.words.splitlines()[-1].endswith("deeprig-backup plain none status --json")


def test_a_password_goes_by_input_alone(host):
    host.answers(document())
    host.ask(password="hush-sudo", ssh_user="ada")  # noqa: S106 - the test's own
    assert host.input == "hush-sudo\n"
    assert "hush-sudo" not in host.words
    assert " sudo password status --json" in host.words


def test_an_ssh_that_reads_no_input_is_no_crash(host, monkeypatch):
    (host.directory / "ssh").write_text("#!/bin/sh\nexec 0<&-\necho gone >&2\nexit 255\n")
    (host.directory / "ssh").chmod(0o755)
    answer = host.ask(password="hush-sudo" * 20_000)
    assert answer.status == "unreachable"


def test_sizes_that_nobody_can_count_with_are_not_how_far_it_is(host):
    told = {"step": "saves", "share": True, "done_bytes": 10**400, "total_bytes": 10**400}
    host.answers(document("run"), UNIT, json.dumps(told), '{"step": "saves", "share": 1e999}')
    assert host.ask(RUN).status == "good"
    assert [far.text for far in host.progress.far] == ["saves", "saves"]


def test_an_answer_without_end_is_ended_while_it_is_written(host, monkeypatch):
    monkeypatch.setattr("deeprig.backup.asking._LONGEST_DOCUMENT", 1 << 20)
    host.script(f"echo {RUNS} >&2\nyes | cat\n")
    answer = host.ask()
    assert answer.status == "failed"
    assert "longer than 1 MiB" in answer.reason


def test_an_answer_of_the_longest_length_is_read_whole(host, monkeypatch):
    text = json.dumps(document())
    monkeypatch.setattr("deeprig.backup.asking._LONGEST_DOCUMENT", len(text))
    host.answers(text)
    assert host.ask().status == "good"
    host.answers(f"{text} ")
    assert host.ask().status == "failed"
