"""What is changed in the libraries below, and why it must be."""

import os
from pathlib import Path

import gevent
from paramiko.channel import ChannelStdinFile

from deeprig.engine.embedding import embed_pyinfra


class Channel:
    """Counts how often its sending half is shut down."""

    def __init__(self):
        self.closed = 0

    def settimeout(self, seconds):
        pass

    def shutdown_write(self):
        self.closed += 1


def test_the_input_of_a_command_is_closed_once_and_not_again_when_it_is_freed():
    embed_pyinfra()
    embed_pyinfra()
    channel = Channel()
    file = ChannelStdinFile(channel, "wb")
    file.close()
    file.close()
    del file
    assert channel.closed == 1
    # One that nobody closed is closed when it is freed, as ever.
    file = ChannelStdinFile(channel, "wb")
    del file
    assert channel.closed == 2


def test_a_descriptor_is_closed_when_it_is_closed(tmp_path):
    embed_pyinfra()
    gevent.sleep(0)  # gevent's loop is there now; without it nothing would be put off
    directory = os.open(tmp_path, os.O_RDONLY)
    os.close(directory)
    assert not Path(f"/proc/self/fd/{directory}").exists()
    reader, writer = os.pipe()
    os.close(writer)
    assert os.read(reader, 1) == b"", "its reader learns the end"
    os.close(reader)
