"""An S3-compatible place, by restic's own S3 client. The server is a simulator: moto."""

import json
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.contract.backup_faults.conftest import digests, wait_until

CONFIG = """[backup]
sources = /home
tag = rig
[repository cloud]
url = s3:http://127.0.0.1:{port}/lab-backups/rig
password_file = /etc/deeprig/password
environment_file = /etc/deeprig/cloud
create = yes
keep_last = 1
check_subset = 1/1
lock_wait_minutes = 0
"""
SECRET = "not-to-be-seen"  # noqa: S105 - of a simulator


@pytest.fixture
def port():
    """The port of a simulated S3 server."""
    # Of the environment that the tests run in (moto[s3,server]); another on PATH is not asked.
    program = Path(sys.executable).with_name("moto_server")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number = free.getsockname()[1]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([program, "-H", "127.0.0.1", "-p", str(number)], **quiet) as process:
        wait_until(lambda: answers(number), "an answer of the server")
        yield number
        process.kill()


def answers(number):
    try:
        socket.create_connection(("127.0.0.1", number), timeout=1).close()
    except OSError:
        return False
    return True


@pytest.fixture
def cloud(rig, port):
    """The machine, with a bucket that is there: restic 0.18 asks 15 minutes for one that is not."""
    urllib.request.urlopen(
        urllib.request.Request(f"http://127.0.0.1:{port}/lab-backups", method="PUT"), timeout=60
    ).close()
    rig.machine.path("/etc/deeprig/backup.conf").write_text(CONFIG.format(port=port))
    keys = rig.machine.path("/etc/deeprig/cloud")
    keys.touch(0o600)
    keys.write_text(f"AWS_ACCESS_KEY_ID=deeprig\nAWS_SECRET_ACCESS_KEY={SECRET}\n")
    return rig


def test_a_bucket_is_backed_up_to_checked_drilled_and_restored_from(cloud, capsys):
    assert cloud.run("work") == 0
    said = capsys.readouterr()
    assert SECRET not in said.out + said.err
    (cloud.home / "new.txt").write_text("later")
    assert cloud.run("run") == 0
    assert cloud.run("list", "--json") == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    held = told["repositories"]["cloud"]["snapshots"]
    assert len(held) == 1, "the older one is forgotten"
    home = cloud.machine.path("/home")
    assert cloud.run("restore", "--include", str(home), "--target", "/target") == 0
    (restored,) = cloud.machine.path("/target").rglob("root/home")
    assert digests(restored) == digests(home)


def test_a_secret_file_that_others_can_read_is_not_used(cloud):
    cloud.machine.path("/etc/deeprig/cloud").chmod(0o644)
    assert cloud.run("run") == 1
