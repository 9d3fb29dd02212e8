"""What goes over the line, what goes pyinfra's own way, and what is forgotten when."""

from types import SimpleNamespace

import gevent
import pytest
from pyinfra.api import facts
from pyinfra.api.command import FunctionCommand, RsyncCommand, StringCommand
from pyinfra.api.facts import FactBase
from pyinfra.context import ctx_host

from deeprig.engine.connector import ConnectionLost, QuickSSHConnector, WatchedSSHConnector
from deeprig.recheck.noted import Noted
from deeprig.transport import choice, connector, snapshot
from deeprig.transport.connector import LineConnector
from deeprig.transport.frames import Question
from deeprig.transport.gathering import Gathering, NotAhead
from deeprig.transport.line import LineEnded
from deeprig.transport.reads import mark_reads


class Said(FactBase):
    """What a command prints; None where it prints nothing."""

    def command(self, text):
        return text

    def process(self, output):
        return output


def the_line(host):
    (line,) = connector.Line.made
    return line


def test_facts_go_over_one_line_and_other_commands_do_not(host):
    assert host.get_fact(Said, text="one") == ["one"]
    assert host.get_fact(Said, text="two") == ["two"]
    assert host.run_shell_command(StringCommand("three"))[1].stdout == "stock three"
    assert the_line(host).asked == [("one",), ("two",)]
    assert host.stock == ["three"]
    assert host.connector.trips.frames == 2
    assert host.connector.trips.commands == 1


def test_each_privilege_has_a_line_of_its_own_and_another_user_none(host):
    host.get_fact(Said, text="plain")
    host.get_fact(Said, text="root", _sudo=True)
    host.get_fact(Said, text="ada", _sudo=True, _sudo_user="ada")
    host.get_fact(Said, text="su", _su_user="ada")
    host.get_fact(Said, text="slow", _timeout=5)
    assert [(line.sudo, line.asked) for line in connector.Line.made] == [
        (False, [("plain",)]),
        (True, [("root",)]),
    ]
    assert host.stock == ["ada", "su", "slow"]


def test_a_pyinfra_whose_facts_are_read_in_another_way_is_asked_in_its_own(host, monkeypatch):
    monkeypatch.setattr(facts, "_get_fact", facts._get_fact.deeprig_original)
    get_fact = facts.get_fact
    with monkeypatch.context() as without:
        without.delattr(facts, "_get_fact")
        mark_reads()
        assert not hasattr(facts, "_get_fact")
    assert facts.get_fact is get_fact
    assert host.get_fact(Said, text="one") == ["stock one"]


def test_environment_and_directory_are_part_of_what_is_asked(host):
    host.get_fact(Said, text="env", _env={"A": "it's"}, _chdir="/a b")
    (asked,) = the_line(host).asked
    assert asked == ("""cd '/a b' && export 'A=it'"'"'s' && env""",)


def test_an_answer_that_is_not_text_is_asked_in_pyinfras_own_way(host):
    assert host.get_fact(Said, text="\xff") == ["stock \xff"]


def test_answers_are_kept_only_while_nothing_changes(host):
    kept = host.connector.snapshot
    kept.open()
    for _ in range(3):
        host.get_fact(Said, text="same")
    assert the_line(host).asked == [("same",)]
    for change in (
        lambda: host.run_shell_command(StringCommand("change")),
        lambda: host.put_file("here", "there"),
        lambda: RsyncCommand("here", "there", ["-a"]).execute(host.state, host, {}),
        lambda: FunctionCommand(lambda: None, (), {}).execute(host.state, host, {}),
    ):
        kept.open()
        host.get_fact(Said, text="same")
        change()
        assert not kept.is_open
    host.get_fact(Said, text="same")
    assert len(the_line(host).asked) == 6
    assert host.connector.trips.transfers == 2


@pytest.fixture
def clock(monkeypatch):
    """The monotonic clock, in seconds; the test moves it."""
    now = [100.0]
    monkeypatch.setattr(snapshot.time, "monotonic", lambda: now[0])
    return now


def test_an_answer_grows_old_however_often_it_is_used(host, clock):
    host.connector.snapshot.open()
    for _ in range(6):
        host.get_fact(Said, text="same")
        clock[0] += snapshot.FRESH_SECONDS / 2
    assert the_line(host).asked == [("same",)] * 2


@pytest.mark.parametrize("is_ahead", [False, True])
def test_an_answer_is_as_old_as_its_question(host, lines, clock, monkeypatch, is_ahead):
    answer = lines.ask

    def ask_slowly(line, questions):
        clock[0] += snapshot.FRESH_SECONDS + 1
        return answer(line, questions)

    monkeypatch.setattr(lines, "ask", ask_slowly)
    host.connector.snapshot.open()
    if is_ahead:
        host.connector.ask_together((Question("sh", "slow", False),))
    else:
        host.get_fact(Said, text="slow")
    host.get_fact(Said, text="slow")
    assert the_line(host).asked == [("slow",)] * 2


def test_a_failed_answer_is_never_kept(host):
    host.connector.snapshot.open()
    for _ in range(2):
        status, _ = read(host, "fails")
        assert status is False
    assert the_line(host).asked == [("fails",), ("fails",)]


def read(host, text, **options):
    from deeprig.transport.reads import reading

    with reading():
        return host.run_shell_command(StringCommand(text), **options)


def test_an_exit_code_that_was_declared_good_is_good(host):
    assert read(host, "fails", _success_exit_codes=[0, 1])[0] is True
    assert read(host, "fails", _success_exit_codes=[2])[0] is False


def test_a_line_that_ends_is_replaced_by_pyinfras_own_way(host, lines, monkeypatch):
    monkeypatch.setattr(lines, "fault", LineEnded("no python3"))
    assert host.get_fact(Said, text="one") == ["stock one"]
    monkeypatch.setattr(lines, "fault", None)
    assert host.get_fact(Said, text="two") == ["stock two"]  # and stays replaced
    assert len(connector.Line.made) == 1
    assert host.connector.trips.without_line == "no python3"


def test_a_line_that_ends_with_the_connection_is_a_lost_connection(host, lines, monkeypatch):
    host.get_fact(Said, text="one")
    monkeypatch.setattr(lines, "fault", LineEnded("it ended"))
    host.connector.liveness = SimpleNamespace(answers=lambda: False, is_silent=True)
    with pytest.raises(ConnectionLost):
        read(host, "two")
    assert host.connector.lost is not None
    assert host.stock == []


def test_hanging_up_closes_the_lines_and_forgets_the_answers(host):
    host.connector.snapshot.open()
    host.get_fact(Said, text="one")
    line = the_line(host)
    host.connector.liveness.stop = lambda: None
    host.connector.client.close = lambda: None
    host.connector.disconnect()
    assert line.is_closed
    assert not host.connector.snapshot.is_open


def test_who_only_reads_ahead_changes_nothing(host):
    changes = (
        lambda: host.run_shell_command(StringCommand("change")),
        lambda: host.put_file("here", "there"),
        lambda: host.get_file("there", "here"),
        lambda: host.rsync("here", "there", ["-a"]),
        lambda: host.get_fact(Said, text="as ada", _su_user="ada"),
        lambda: FunctionCommand(lambda: host.stock.append("ran"), (), {}).execute(
            host.state, host, {}
        ),
    )

    def ahead(change):
        gathering = Gathering(host.connector.ask_together, 1)
        gathering.join()
        try:
            with pytest.raises(NotAhead):
                change()
        finally:
            gathering.leave()

    for change in changes:
        gevent.spawn(ahead, change).get(timeout=20)
    assert host.stock == []


def test_the_password_goes_with_the_line(host):
    host.state.config.SUDO_PASSWORD = "secret"  # noqa: S105 - a test's
    host.get_fact(Said, text="root", _sudo=True)
    assert the_line(host).password == "secret"  # noqa: S105 - a test's


@pytest.mark.parametrize(
    ("named", "expected"),
    [("stock", WatchedSSHConnector), ("quick", QuickSSHConnector), ("line", LineConnector)],
)
def test_a_variable_chooses_the_connector(host, monkeypatch, named, expected):
    monkeypatch.setenv(choice.VARIABLE, named)
    choice.use_connector(host)
    assert host.connector_cls is expected


def test_a_transport_that_does_not_exist_is_refused(host, monkeypatch):
    monkeypatch.setenv(choice.VARIABLE, "pigeon")
    with pytest.raises(choice.UsageProblem, match="pigeon"):
        choice.use_connector(host)


@pytest.fixture
def noted(host):
    """What is noted of a host's answers, from now on."""
    host.connector.noted = Noted(b"k" * 32)
    return host.connector.noted


def test_what_facts_use_is_noted_also_where_it_was_kept(host, noted):
    host.connector.snapshot.open()
    for _ in range(2):
        host.get_fact(Said, text="one")
    assert [question.text for question in noted.answers] == ["one"]
    assert noted.spoiled == ""


@pytest.mark.parametrize(
    "act",
    [
        lambda host: host.run_shell_command(StringCommand("change")),
        lambda host: host.get_fact(Said, text="one", _su_user="ada"),
        lambda host: host.connector.begin_change(),
    ],
    ids=["a command", "a fact that goes another way", "an operation's own function"],
)
def test_whatever_is_not_asked_over_the_line_spoils_what_is_noted(host, noted, act):
    host.get_fact(Said, text="one")
    act(host)
    assert noted.spoiled


def test_what_is_only_asked_ahead_is_not_noted(host, noted):
    host.connector.snapshot.open()
    host.connector.ask_together((Question("sh", "ahead", sudo=False),))
    assert noted.answers == {}


def test_a_role_that_asks_another_host_is_noted_for_neither_as_its_own(host, noted):
    own = Noted(b"k" * 32)
    reader = SimpleNamespace(name="rig9", connector=SimpleNamespace(noted=own))
    with ctx_host.use(reader):
        host.get_fact(Said, text="one")
    assert "another host" in own.spoiled
    assert noted.spoiled == ""
