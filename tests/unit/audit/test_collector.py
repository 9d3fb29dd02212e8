"""What a host says through the collector, and every way in which it may say nothing."""

import pytest
from pyinfra.connectors.util import CommandOutput, OutputLine

from deeprig.audit.collector import WITHOUT_ROOT, collect
from deeprig.errors import DeeprigError
from deeprig.masking import Masker


class Host:
    """Plays pyinfra's host: answers one command, and keeps it."""

    def __init__(self, stdout="", stderr="", *, is_good=True, raises=None):
        lines = [OutputLine("stderr", line) for line in stderr.splitlines()]
        lines += [OutputLine("stdout", line) for line in stdout.splitlines()]
        self.answer = is_good, CommandOutput(lines)
        self.raises = raises

    def run_shell_command(self, command, **options):
        self.command, self.options = command, options
        if self.raises:
            raise self.raises
        return self.answer


def ask(host, *, password=None, wants_sudo=True):
    return collect(
        host, "QUJD", wants_sudo=wants_sudo, password=password, masker=Masker(("hush-hush",))
    )


@pytest.mark.parametrize(
    ("how", "is_root"),
    [
        *(("root", True), ("sudo", True), ("password", True)),
        *(("asks", False), ("no-sudo", False), ("plain", False)),
    ],
)
def test_the_facts_come_with_how_they_were_read(how, is_root):
    collected = ask(Host('{"schema": 1}', f"@@deeprig:how {how}"))
    assert collected.text == '{"schema": 1}'
    assert (collected.how, collected.is_root) == (how, is_root)
    assert (how in WITHOUT_ROOT) == (how in ("asks", "no-sudo"))


def test_a_greeting_of_the_hosts_own_is_no_answer():
    collected = ask(Host('Welcome!\n{"schema": 1}\n', "motd\n@@deeprig:how root"))
    assert collected.text == '{"schema": 1}'


def test_the_password_is_input_and_no_part_of_the_command():
    host = Host("{}", "@@deeprig:how password")
    ask(host, password="hush-hush")  # noqa: S106 - made up
    assert host.options["_stdin"] == ["hush-hush", "QUJD"]
    assert "hush-hush" not in host.command.get_raw_value()
    ask(host)
    assert host.options["_stdin"] == ["QUJD"]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("@@deeprig:no-python", "there is no /usr/bin/python3"),
        ("@@deeprig:how sudo\n@@deeprig:old-python 3.9.2", "too old: 3.9.2"),
        ("@@deeprig:how root\n@@deeprig:partial-python json", "no module json"),
        ("@@deeprig:refused", "sudo refused the password"),
    ],
)
def test_a_refusal_is_told_with_a_remedy(said, reason):
    with pytest.raises(DeeprigError, match=reason) as refused:
        ask(Host(stderr=said, is_good=False))
    assert refused.value.problems[0].remedy


@pytest.mark.parametrize(
    "host",
    [
        Host(stderr="@@deeprig:how root\nTraceback ...\nKeyError: hush-hush", is_good=False),
        Host("KeyError: 1\n", "@@deeprig:how root"),
        Host('{"schema": 1}', "KeyError: no mark"),
    ],
)
def test_a_collector_that_fails_is_told_in_its_own_last_words(host):
    with pytest.raises(DeeprigError, match="KeyError") as failed:
        ask(host)
    assert "hush-hush" not in str(failed.value)


def test_a_collector_that_says_nothing_is_told():
    with pytest.raises(DeeprigError, match="printed nothing"):
        ask(Host(is_good=False))


def test_a_way_that_is_not_known_is_no_way():
    with pytest.raises(DeeprigError, match="not known: 'magic'"):
        ask(Host("{}", "@@deeprig:how magic"))


def test_a_host_that_hangs_is_told():
    with pytest.raises(DeeprigError, match="no answer for"):
        ask(Host(raises=TimeoutError()))
