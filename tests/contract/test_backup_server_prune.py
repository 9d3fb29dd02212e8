"""What a backup server judges and removes, with a real restic and a real repository."""

import getpass
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "host"))

from deeprig_host.backup_server.__main__ import main
from deeprig_host.backup_server.places import CONFIG_FILE
from deeprig_host.machine.commands import Machine

from tests.contract.quick_repository import PASSWORD

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the server becomes its clients' users")
SERVER = """[client rig1]
user = {user}
repository = /srv/backup/rig1/restic
password_file = /password
within_days = 7
"""
WHOLE, PART = "deeprig,machine-1", "deeprig,incomplete,machine-1"
KIBIBYTE = 1024


@dataclass
class Served:
    """The server, and its client's own restic."""

    machine: Machine
    restic: str
    directory: Path
    capsys: pytest.CaptureFixture

    @property
    def repository(self):
        return self.machine.path("/srv/backup/rig1/restic")

    def back_up(self, kibibytes, tags=WHOLE):
        """Make a snapshot of so much; return its id."""
        data = self.directory / "data"
        data.write_bytes(os.urandom(kibibytes * KIBIBYTE))
        words = ["backup", "--json", "--host", "rig1", "--tag", tags, str(data)]
        told = {"RESTIC_REPOSITORY": str(self.repository), "RESTIC_PASSWORD": PASSWORD}
        done = subprocess.run(
            [self.restic, "--no-cache", *words],
            env=os.environ | told,
            check=True,
            capture_output=True,
        )
        return json.loads(done.stdout.splitlines()[-1])["snapshot_id"]

    def run(self, *words):
        """Run the server's program; return its exit code and answer."""
        code = main(["--root", str(self.machine.root), *words, "--restic", self.restic])
        return code, json.loads(self.capsys.readouterr().out)

    def pruned(self):
        (client,) = self.run("prune")[1]["clients"]
        return client


@pytest.fixture
def served(tmp_path, restic, new_repository, capsys):
    machine = Machine(tmp_path / "root")
    config, password = machine.path(CONFIG_FILE), machine.path("/password")
    config.parent.mkdir(parents=True)
    config.write_text(SERVER.format(user=getpass.getuser()))
    password.touch(mode=0o600)
    password.write_text(f"{PASSWORD}\n")
    served = Served(machine, restic, tmp_path, capsys)
    shutil.copytree(new_repository, served.repository)
    return served


def test_a_large_removal_is_taken_for_good_once_and_does_not_stop_later_prunes(served):
    for _ in range(3):
        served.back_up(400)
    small = served.back_up(100)
    refused = served.pruned()
    assert refused["outcome"] == "refused"
    assert f"holds {100 * KIBIBYTE} bytes, earlier ones {400 * KIBIBYTE}" in refused["reasons"][0]

    code, told = served.run("accept", "rig1")
    assert (code, len(told["accepted"])) == (0, 4)
    assert small[:8] in [name[:8] for name in told["accepted"]]
    assert served.pruned()["outcome"] == "good"
    served.back_up(90)
    assert served.pruned()["outcome"] == "good", "as large as what was accepted"
    served.back_up(10)
    again = served.pruned()
    assert again["outcome"] == "refused"
    assert f"holds {10 * KIBIBYTE} bytes, earlier ones {100 * KIBIBYTE}" in again["reasons"][0]


def test_nights_without_a_disk_do_not_stop_pruning_for_ever(served):
    served.back_up(100, PART)
    served.back_up(40, PART)
    assert served.pruned()["outcome"] == "refused", "they are all that there is"
    served.back_up(400)
    served.back_up(400)
    ended = served.pruned()
    assert (ended["outcome"], ended["snapshots"]) == ("good", 4)
