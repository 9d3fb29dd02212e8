"""Rechecks of this machine itself: a shell stands where SSH would be, all else is real."""

import os
from pathlib import Path

import pytest

from deeprig.recheck.ask import Order, ask_all
from deeprig.recheck.noted import Noted
from deeprig.recheck.record import Asked
from deeprig.transport.far_side import run
from deeprig.transport.frames import Answer, Question

KEY = b"k" * 32
#: The command for the host is this shell's script, as it is sshd's.
SHELL = ("sh", "-c")


def answered(text):
    """Return the digest of what a command answers here, now."""
    question = Question("sh", text, sudo=False)
    code, output, errors = run([b"sh", b"-c", text.encode()], dict(os.environb))
    noted = Noted(KEY)
    noted.note(question, Answer(int(code), output, errors))
    return noted.answers[question]


@pytest.fixture
def ask():
    """Ask this machine some questions again; the first stands for the lock."""

    def asked(*texts, expected=None, ssh=SHELL, file="", text="", lock="true"):
        texts = (lock, *texts)
        told = []
        order = Order(
            "rig1",
            ssh,
            False,
            KEY,
            [Asked("sh", one, "") for one in texts],
            [answered("true"), *(expected or map(answered, texts[1:]))],
            str(file),
            text,
        )
        ask_all([order], 2, told.append)
        return told[0]

    return asked


@pytest.fixture
def lab(tmp_path):
    """A lab directory, with an inventory that was there before the command began."""
    directory = tmp_path / "lab"
    (directory / "inventory").mkdir(parents=True)
    (directory / "roles").mkdir()
    (directory / "inventory" / "lab.py").write_text("hosts = []\n")
    return Path(directory)
