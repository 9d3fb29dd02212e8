"""Fetching: the machine's own pip, by digest, once; and what went wrong is told. pip is simulated.

The real one is asked in ``tests/contract/test_host_wheels.py``.
"""

import hashlib
import sys
import threading

import pytest

from deeprig.errors import DeeprigError
from deeprig.wheels import download
from deeprig.wheels.download import fetch_wheel, find_pip
from deeprig.wheels.lock import LockedWheel

CONTENT = b"a wheel"
WHEEL = LockedWheel("some", "1.0", hashlib.sha256(CONTENT).hexdigest())
NAME = "some-1.0-py3-none-any.whl"


@pytest.fixture
def pip(tmp_path, monkeypatch):
    """Put a program in pip's place: it writes its words down, then does as it is told."""
    words = tmp_path / "words"

    def become(body):
        program = tmp_path / "pip3"
        program.write_text(
            f'#!/bin/sh\n[ "$1" = --version ] && exit 0\necho "$*" >> {words}\n'
            'while [ "$1" != --dest ]; do shift; done\ndest=$2\nrequirements=$4\n' + body + "\n"
        )
        program.chmod(0o755)
        monkeypatch.setattr(download, "find_pip", lambda: (str(program),))
        return words

    return become


GOOD = f"printf 'a wheel' > $dest/{NAME}"


def test_it_is_fetched_once_for_the_hosts_machine_and_kept(pip, tmp_path):
    words = pip(f"grep -q 'some==1.0 --hash=sha256:{WHEEL.sha256}' $requirements && {GOOD}")
    cache = tmp_path / "cache"
    found = fetch_wheel(WHEEL, "aarch64", cache)
    assert found == cache / NAME
    assert found.read_bytes() == CONTENT
    assert fetch_wheel(WHEEL, "aarch64", cache) == found
    (asked,) = words.read_text().splitlines()
    for option in ("--require-hashes", "--only-binary :all:", "--platform manylinux2014_aarch64"):
        assert option in asked
    assert [path.name for path in cache.iterdir()] == [NAME]


def test_many_hosts_at_once_fetch_it_once(pip, tmp_path):
    words = pip(GOOD)
    cache = tmp_path / "cache"
    download._one_at_a_time()
    workers = [
        threading.Thread(target=fetch_wheel, args=(WHEEL, "x86_64", cache)) for _ in range(4)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(words.read_text().splitlines()) == 1


def test_a_damaged_one_in_the_cache_is_fetched_again(pip, tmp_path):
    pip(GOOD)
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / NAME).write_bytes(b"half")
    assert fetch_wheel(WHEEL, "x86_64", cache).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("echo 'ERROR: no route to host' >&2; exit 1", "no route to host"),
        ("echo 'ERROR: THESE PACKAGES DO NOT MATCH THE HASHES' >&2; exit 1", "not the locked"),
        (f"echo other > $dest/{NAME}", "another file than the locked one"),
    ],
)
def test_a_failure_is_told_with_a_remedy_and_leaves_nothing(pip, tmp_path, body, told):
    pip(body)
    with pytest.raises(DeeprigError, match=told) as raised:
        fetch_wheel(WHEEL, "x86_64", tmp_path / "cache")
    assert "network_access.program_wheels" in str(raised.value)
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_machine_that_has_no_locked_wheels_is_told(pip, tmp_path):
    pip(GOOD)
    with pytest.raises(DeeprigError, match="no locked wheels for riscv64"):
        fetch_wheel(WHEEL, "riscv64", tmp_path / "cache")


def program(path, code):
    path.write_text(f"#!/bin/sh\nexit {code}\n")
    path.chmod(0o755)
    return str(path)


def test_the_first_pip_that_answers_is_taken(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", program(tmp_path / "own", 1))  # as in a pipx
    with pytest.raises(DeeprigError, match="has no pip") as raised:
        find_pip()
    assert "python3-pip" in str(raised.value)
    program(tmp_path / "pip3", 0)
    assert find_pip() == ("pip3",)
    python3 = program(tmp_path / "python3", 0)
    assert find_pip() == (python3, "-m", "pip")
    own = program(tmp_path / "own", 0)
    assert find_pip() == (own, "-m", "pip")
