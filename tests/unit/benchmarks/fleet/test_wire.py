"""Packets, sshd's words, and the turns of a conversation."""

import json
import struct

import pytest

from benchmarks.fleet.delay import Segment, segment_of
from benchmarks.fleet.wire import conversation, count_turns, said_by_sshd

FAR = "10.214.0.2"


def _packet(source, target, payload, *, protocol=6, options=0):
    tcp = struct.pack("!HHIIBBHHH", source, target, 0, 0, (5 + options) << 4, 0, 0, 0, 0)
    tcp += b"\0" * 4 * options + payload
    head = struct.pack("!BBHHHBBH8x", 0x45, 0, 20 + len(tcp), 0, 0, 64, protocol, 0)
    return head + tcp


def test_a_segment_with_data_is_seen_with_the_clients_port():
    there = segment_of(_packet(40001, 22, b"hello"), 1.5, is_towards_host=True)
    back = segment_of(_packet(22, 40001, b"hi", options=3), 1.6, is_towards_host=False)
    assert there == Segment(1.5, True, 40001, 5)
    assert back == Segment(1.6, False, 40001, 2)


@pytest.mark.parametrize(
    "packet",
    [_packet(1, 2, b""), _packet(1, 2, b"x", protocol=17), b"\x60" + b"\0" * 60, b""],
    ids=["only an acknowledgement", "UDP", "IPv6", "nothing"],
)
def test_what_carries_no_data_of_tcp_is_no_segment(packet):
    assert segment_of(packet, 1.0, is_towards_host=True) is None


def test_a_line_of_the_log_is_read_as_it_was_written():
    segment = Segment(1700000000.25, False, 40001, 1448)
    assert Segment.of_line(segment.line) == segment
    with pytest.raises(ValueError, match="unpack"):
        Segment.of_line("torn")


def _talk(*directions, port=40001, since=10.0):
    return [Segment(since + n / 100, d == ">", port, 10) for n, d in enumerate(directions)]


@pytest.mark.parametrize(
    ("directions", "turns"),
    [("", 0), (">", 1), (">><<", 1), ("><><", 2), ("<<", 0), ("<><<>>", 2)],
)
def test_a_turn_begins_when_the_controller_speaks_after_the_host(directions, turns):
    assert count_turns(_talk(*directions)) == turns


def _entry(seconds, message):
    return json.dumps({"__REALTIME_TIMESTAMP": str(int(seconds * 1e6)), "MESSAGE": message})


JOURNAL = "\n".join(
    (
        _entry(9.0, f"Accepted publickey for deeprig from {FAR} port 40000 ssh2: ED25519 x"),
        _entry(10.035, f"Accepted publickey for deeprig from {FAR} port 40001 ssh2: ED25519 x"),
        _entry(10.04, f"Starting session: command for deeprig from {FAR} port 40001 id 0"),
        _entry(10.05, f"Starting session: subsystem 'sftp' for deeprig from {FAR} port 40001 id 1"),
        _entry(10.06, "Accepted publickey for root from 10.213.0.1 port 40009 ssh2: ED25519 x"),
        _entry(10.07, "Starting session: command for root from 10.213.0.1 port 40009 id 0"),
        _entry(10.08, "Connection closed by authenticating user x 10.0.0.1 port 1"),
    )
)


def test_sshd_tells_of_one_clients_connections_in_time():
    said = said_by_sshd(JOURNAL, 10.0, FAR)
    assert said.accepted == {40001: 10.035}
    assert said.session_ports == (40001, 40001, 40009)


def test_a_conversation_is_told_in_turns_before_and_after_the_login():
    segments = [*_talk(*"><><><><>"), *_talk(*"><", port=40009)]
    told = conversation(segments, said_by_sshd(JOURNAL, 10.0, FAR))
    assert (told.connections, told.commands) == (1, 2)
    assert (told.login_turns, told.turns) == (2, 3)
    assert (told.bytes_to_host, told.bytes_from_host) == (50, 40)
