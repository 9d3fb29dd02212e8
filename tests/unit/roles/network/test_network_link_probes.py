"""The programs that the link proof runs on a host: what they send, and what they make of answers.

What they do on a real wire is in tests/e2e/test_network_link.py.
"""

import ast
import json
import socket
import struct
import subprocess
import sys
import threading

import pytest

from roles.network.link.on_host import arp, dns, mtu
from tests.unit.roles.network.link_host import PROBES

#: execve(2): one argument of a command holds 128 KiB; the shell quotes what it takes from us.
LONGEST_ARGUMENT_BYTES = 100_000


@pytest.mark.parametrize("program", sorted(PROBES.glob("*.py")), ids=lambda path: path.stem)
def test_a_program_can_be_sent_alone(program):
    source = program.read_text()
    assert len(source) < LONGEST_ARGUMENT_BYTES
    imported = {
        (node.module if isinstance(node, ast.ImportFrom) else name.name).partition(".")[0]
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    }
    assert imported <= sys.stdlib_module_names


# -- DNS -------------------------------------------------------------------------------------


def reply(asked, code=0, records=1, flags=0x8180, cut=None):
    head = asked[:2] + struct.pack("!HHHHH", flags | code, 1, records, 0, 0)
    return head + asked[12:cut]


def test_a_question_is_what_the_protocol_says():
    # RFC 1035, section 4.1: recursion desired, one question, labels, type A, class IN.
    assert dns.question(0x1234, "a.bc.", "A") == bytes.fromhex(
        "1234 0100 0001 0000 0000 0000 0161 026263 00 0001 0001"
    )
    assert dns.question(1, ".", "NS")[12:] == bytes.fromhex("00 0002 0001")


def test_only_an_answer_to_the_very_question_counts():
    asked = dns.question(7, "files.lab.example", "A")
    assert dns.read_answer(asked, reply(asked)) == (0, 1)
    assert dns.read_answer(asked, reply(asked, code=3, records=0)) == (3, 0)
    assert dns.read_answer(asked, reply(asked, code=5, records=0, cut=12)) == (5, 0)
    assert dns.read_answer(asked, reply(asked).replace(b"files", b"FILES")) == (0, 1)
    other = dns.question(8, "files.lab.example", "A")
    assert dns.read_answer(asked, reply(other)) is None
    assert dns.read_answer(asked, reply(dns.question(7, "other.lab.example", "A"))) is None
    assert dns.read_answer(asked, asked) is None
    assert dns.read_answer(asked, b"\0" * 5) is None


@pytest.fixture
def server(monkeypatch):
    """A name server on the loopback that says what the test lets it say, and what it was asked."""
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.bind(("127.0.0.1", 0))
    monkeypatch.setattr(dns, "PORT", opened.getsockname()[1])
    said, asked = [], []

    def serve():
        while True:
            packet, sender = opened.recvfrom(512)
            if packet == b"end":
                return
            asked.append(packet)
            for answer in said:
                opened.sendto(answer(packet), sender)

    thread = threading.Thread(target=serve)
    thread.start()
    yield said, asked
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ending:
        ending.sendto(b"end", opened.getsockname())
    thread.join()
    opened.close()


def test_a_server_is_asked_for_ipv6_addresses_where_there_are_no_ipv4_ones(server):
    said, asked = server
    said.append(lambda packet: reply(packet, records=int(packet[-3] == dns.TYPES["AAAA"])))
    assert dns.ask_all("127.0.0.1", "six.lab.example") == {"code": 0, "records": 1}
    assert [packet[-3] for packet in asked] == [dns.TYPES["A"], dns.TYPES["AAAA"]]


def test_an_answer_to_something_else_is_passed_over(server):
    said, _ = server
    said += [lambda packet: b"\xff\xff" + reply(packet)[2:], lambda packet: reply(packet, code=2)]
    assert dns.ask_all("127.0.0.1", "a.example") == {"code": 2, "records": 1}


def test_a_silent_server_and_a_closed_port_are_told_apart(server, monkeypatch):
    monkeypatch.setattr(dns, "SECONDS", 0.05)
    _, asked = server
    assert dns.ask_all("127.0.0.1", ".")["silence"].startswith("no answer within")
    assert len(asked) == dns.TRIES
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setattr(dns, "PORT", unused.getsockname()[1])
    monkeypatch.setattr(dns, "SECONDS", 5.0)
    assert "refused" in dns.ask_all("127.0.0.1", ".")["silence"]


# -- ARP -------------------------------------------------------------------------------------

OWN, OTHER = bytes.fromhex("3cecef010203"), bytes.fromhex("3cecef0a0a0a")
ADDRESS = socket.inet_aton("192.0.2.11")


def arp_frame(sender_mac, sender, operation=2):
    packed = arp.ARP.pack(*arp.ARP_HEAD, operation, sender_mac, sender, OWN, b"\0" * 4)
    return OWN + sender_mac + b"\x08\x06" + packed


def test_an_arp_probe_says_no_address_of_its_own():
    frame = arp.question(OWN, ADDRESS)
    assert frame[:14] == b"\xff" * 6 + OWN + b"\x08\x06"
    # RFC 5227, section 2.1.1: the sender's address is zero, the target's the one asked for.
    assert frame[14:] == bytes.fromhex("0001 0800 06 04 0001") + OWN + b"\0" * 10 + ADDRESS
    assert arp.claimant(frame, ADDRESS) is None


def test_whoever_says_to_have_the_address_is_told():
    assert arp.claimant(arp_frame(OTHER, ADDRESS), ADDRESS) == "3c:ec:ef:0a:0a:0a"
    # Another machine's request with this sender claims it as well (RFC 5227, section 2.1.1).
    assert arp.claimant(arp_frame(OTHER, ADDRESS, 1), ADDRESS) == "3c:ec:ef:0a:0a:0a"
    assert arp.claimant(arp_frame(OTHER, socket.inet_aton("192.0.2.12")), ADDRESS) is None
    assert arp.claimant(arp_frame(OTHER, ADDRESS)[:30], ADDRESS) is None


# -- MTU -------------------------------------------------------------------------------------


class Wire:
    """A path that carries packets up to a size; it keeps what was tried."""

    def __init__(self, largest):
        self.largest, self.sent = largest, []

    def carries(self, size, tries, seconds):
        self.sent.append(size)
        return size <= self.largest


@pytest.mark.parametrize("largest", [84, 85, 1400, 1499, 8999])
def test_the_largest_size_is_found(largest):
    wire = Wire(largest)
    assert mtu.Path.largest(wire, 84, 9000) == largest
    assert len(wire.sent) <= 14


def test_a_checksum_is_the_internets():
    # The example of RFC 1071, section 3, whose sum is ddf2.
    assert mtu.checksum(bytes.fromhex("0001f203f4f5f6f7")) == 0xFFFF - 0xDDF2
    odd = bytes.fromhex("0001f203f4")
    assert mtu.checksum(odd) == mtu.checksum(odd + b"\0")


def test_an_error_comes_with_its_sender():
    four = struct.pack("=HH4s", socket.AF_INET, 0, socket.inet_aton("192.0.2.254"))
    six = struct.pack(
        "=HHI16s", socket.AF_INET6, 0, 0, socket.inet_pton(socket.AF_INET6, "fe80::1")
    )
    assert mtu._offender(four + b"\0" * 8) == "192.0.2.254"
    assert mtu._offender(six + b"\0" * 4) == "fe80::1"
    assert mtu._offender(b"\0" * 16) is None


@pytest.mark.parametrize("name", ["mtu", "arp"])
def test_what_cannot_be_asked_is_told_in_json(name):
    source = (PROBES / f"{name}.py").read_text()
    arguments = ["no-such-if0", "192.0.2.1", *(["1500"] if name == "mtu" else [])]
    done = subprocess.run(
        [sys.executable, "-c", source, *arguments], capture_output=True, text=True, check=True
    )
    assert set(json.loads(done.stdout)) == {"error"}
