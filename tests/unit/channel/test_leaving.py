"""A process that used py-rattler ends at once, and loses nothing that it printed."""

import subprocess
import sys

import pytest

PROGRAM = """
import atexit, os, sys
sys.path.insert(0, os.getcwd())
from tests.channel.standin.leaving import leave
atexit.register(print, "finalized")
sys.stdout.write("printed")
leave({code})
"""


@pytest.mark.parametrize("code", [0, 1, 7])
def test_the_exit_code_and_the_output_arrive_and_nothing_is_finalized(code, pytestconfig):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(code=code)],
        cwd=pytestconfig.rootpath,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (code, "printed", "")
