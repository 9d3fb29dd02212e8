"""A machine that is a directory, and a script that stands in for restic (simulated)."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from deeprig_host.machine.commands import Machine

HOST = Path(__file__).parents[5] / "host"
CONFIG = """[backup]
sources = /home
tag = rig
[repository disk]
url = /srv/disk
password_file = /password
prune = elsewhere
"""
#: Waits in a backup for the file "go" where the test has made "wait".
STAND_IN = """#!/bin/sh
here=$(dirname "$0")
trap 'echo ended >> "$here/log"; exit 130' INT
echo "$*" >> "$here/log"
case "$1" in
  backup) echo '{"message_type":"status","percent_done":0.5,"total_bytes":8,"bytes_done":4}'
          while [ -e "$here/wait" ] && ! [ -e "$here/go" ]; do sleep 0.05; done
          echo '{"message_type":"status","percent_done":1,"total_bytes":8,"bytes_done":8}'
          echo '{"message_type":"summary","snapshot_id":"85af55df","total_files_processed":3}';;
esac
"""


class Rig:
    def __init__(self, place):
        self.place = place
        self.machine = Machine(place / "root")
        self.write("root/etc/deeprig/backup.conf", CONFIG)
        self.write("root/password", "hush\n")
        self.write("root/home/ada/thesis", "x")
        self.write("restic", STAND_IN).chmod(0o700)

    def write(self, name, text):
        path = self.place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o600)
        return path

    def words(self, *command):
        return [
            sys.executable,
            "-m",
            "deeprig_host.backup",
            "--root",
            str(self.machine.root),
            *command,
        ]

    def start(self, *command):
        """Start the program as a person's connection does."""
        return subprocess.Popen(
            self.words(*command),
            env=os.environ | {"PYTHONPATH": str(HOST)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *command):
        """Run it; return its exit code, its standard output, and the lines of its errors."""
        process = self.start(*command)
        out, err = process.communicate(timeout=120)
        return process.returncode, out, err.splitlines()

    def begin(self, *more):
        return ("begin", "run", "--restic", str(self.place / "restic"), *more)

    def log(self):
        path = self.place / "log"
        return path.read_text().splitlines() if path.exists() else []

    def status(self):
        return json.loads(self.run("status", "--json")[1])


@pytest.fixture
def rig(tmp_path):
    return Rig(tmp_path)
