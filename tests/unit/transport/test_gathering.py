"""Many ask at once, one frame goes: when all of them wait, and not before."""

import gevent
import pytest

from deeprig.transport.frames import Answer, Question
from deeprig.transport.gathering import Gathering, NotAhead, gathering_here


class Host:
    """Answers every question with its text, and keeps what came together."""

    def __init__(self, silent=()):
        self.frames = []
        self.silent = silent

    def ask_together(self, questions):
        self.frames.append(sorted(question.text for question in questions))
        gevent.sleep(0)  # others get their turn meanwhile, as on a real line
        texts = [question.text for question in questions]
        return tuple(None if t in self.silent else Answer(0, t.encode(), b"") for t in texts)


def asking(gathering, texts, found):
    gathering.join()
    try:
        for text in texts:
            found.append(gathering.ask(Question("sh", text, True)).output.decode())
    except NotAhead:
        found.append("refused")
    finally:
        gathering.leave()


def ask_all(host, *chains):
    """Run one greenlet for each chain of questions; return what each found."""
    gathering = Gathering(host.ask_together, len(chains))
    found = [[] for _ in chains]
    pairs = zip(chains, found, strict=True)
    with gevent.Timeout(20):
        gevent.joinall([gevent.spawn(asking, gathering, *pair) for pair in pairs], raise_error=True)
    return found


def test_the_number_of_frames_is_the_longest_chain_however_many_chains_there_are():
    host = Host()
    chains = [["a1", "a2", "a3"], ["b1"], [], ["c1", "c2"]] * 30
    assert ask_all(host, *chains) == chains
    assert host.frames == [["a1", "b1", "c1"], ["a2", "c2"], ["a3"]]


def test_a_question_that_several_ask_goes_over_once():
    host = Host()
    chains = [["same"], ["same"], ["same", "more"]]
    assert ask_all(host, *chains) == chains
    assert host.frames == [["same"], ["more"]]


def test_a_question_without_an_answer_ends_those_who_asked_it_alone():
    host = Host(silent=("bad",))
    assert ask_all(host, ["bad", "never"], ["good", "more"]) == [["refused"], ["good", "more"]]
    assert host.frames == [["bad", "good"], ["more"]]


def test_nobody_waits_for_ever_when_asking_together_raises():
    def broken(questions):
        raise ConnectionError("cut")

    gathering = Gathering(broken, 2)
    found = [[], []]
    spawned = [gevent.spawn(asking, gathering, ["a"], one) for one in found]
    with gevent.Timeout(20):
        gevent.joinall(spawned)
    # Who sent the frame learns why; who waited for it goes on without.
    assert sorted(found) == [[], ["refused"]]
    assert [type(greenlet.exception) for greenlet in spawned].count(ConnectionError) == 1


def test_only_those_who_joined_are_in_a_gathering():
    gathering = Gathering(Host().ask_together, 1)
    assert gathering_here() is None

    def inside():
        gathering.join()
        assert gathering_here() is gathering
        gathering.leave()
        return gathering_here()

    assert gevent.spawn(inside).get(timeout=20) is None
    assert gathering_here() is None
    with pytest.raises(gevent.Timeout), gevent.Timeout(0.05):
        Gathering(Host().ask_together, 2).ask(Question("sh", "alone", True))
