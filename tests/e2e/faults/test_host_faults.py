"""Hosts that are not as expected: their clock, their sudo, their Python."""

from __future__ import annotations

import pytest

from tests.e2e.faults import rows
from tests.e2e.faults.debs import PYTHON
from tests.e2e.faults.fault_lab import FURTHER, HOST
from tests.e2e.faults.rows import Row

_PASSWORD = "s3cret-word"  # noqa: S105 - of a throwaway host's user
#: What sudo and systemd start from now on lives then; the machine's clock is not the container's
#: to set. sshd stays as it is: its sandbox kills a process that looks at another clock.
_FAKE_CLOCK = """set -e
apt-get -qq -y install libfaketime >/dev/null
library=$(find /usr/lib -name libfaketime.so.1)
mkdir -p /etc/systemd/system.conf.d
printf 'LD_PRELOAD=%s\\nFAKETIME={shift}\\nFAKETIME_DONT_FAKE_MONOTONIC=1\\n' "$library" \
  > /etc/faketime.env
echo 'Defaults env_file=/etc/faketime.env' > /etc/sudoers.d/faketime
chmod 440 /etc/sudoers.d/faketime
(echo '[Manager]'; sed 's/.*/DefaultEnvironment="&"/' /etc/faketime.env) \
  > /etc/systemd/system.conf.d/faketime.conf
systemctl daemon-reexec
"""
_TRUE_CLOCK = """set -e
rm /etc/sudoers.d/faketime /etc/systemd/system.conf.d/faketime.conf
systemctl daemon-reexec
"""
_OTHER_PYTHON = """set -e
mkdir -p /usr/local/lib/other-python
for name in json fcntl ctypes ssl sqlite3 subprocess; do
  echo "raise ModuleNotFoundError('this Python has no $name')" \
    > /usr/local/lib/other-python/$name.py
done
printf '#!/bin/sh\\nPYTHONPATH=/usr/local/lib/other-python exec /usr/bin/python3.11 -S "$@"\\n' \
  > /usr/local/bin/python3
chmod 755 /usr/local/bin/python3
! python3 -c 'import json' 2>/dev/null
"""


@pytest.mark.full
def test_a_clock_that_is_a_year_behind(faulty):
    fault = "clock a year behind (simulated by libfaketime)"
    clock_wrong(faulty, "-365d", fault, "not valid yet")


@pytest.mark.full
def test_a_clock_that_is_a_year_ahead(faulty):
    fault = "clock a year ahead (simulated by libfaketime)"
    clock_wrong(faulty, "+365d", fault, "is expired")


def clock_wrong(lab, shift, fault, words):
    lab.start_settled()
    lab.root(_FAKE_CLOCK.format(shift=shift))
    year = lab.root("sudo date +%Y")
    assert year != lab.root("date +%Y")
    assert year == lab.root("systemd-run --quiet --pipe date +%Y")
    lab.root("rm -rf /var/lib/apt/lists/*")
    lab.declare(FURTHER)
    document = lab.json("apply", code=1)
    row = Row(fault, "", "1", rows.told(document, words), rows.state_of(lab), "")
    lab.root(_TRUE_CLOCK)
    assert lab.root("sudo date +%Y") != year
    rows.record(lab, row)


def test_a_sudo_that_asks_for_a_password(faulty):
    faulty.start_settled()
    faulty.declare(FURTHER)
    faulty.root(
        f"useradd -m -s /bin/bash pw && echo pw:{_PASSWORD} | chpasswd"
        " && echo 'pw ALL=(ALL:ALL) ALL' > /etc/sudoers.d/pw && chmod 440 /etc/sudoers.d/pw"
        " && cp -r /root/.ssh /home/pw/ && chown -R pw /home/pw/.ssh"
    )
    faulty.hosts(**{HOST: {"ssh_user": "pw"}})
    document = faulty.json("apply", code=1)
    told = rows.told(document, "-K")
    row = Row("sudo needs a password, none given", "", "1", told, rows.state_of(faulty), "")
    done = faulty.run("apply", "-K", stdin=f"{_PASSWORD}\n")
    assert _PASSWORD not in done.stdout + done.stderr
    faulty.root(f"command -v {FURTHER}")
    faulty.hosts(**{HOST: {}})
    rows.record(faulty, row)


@pytest.mark.full
def test_a_python_from_elsewhere_that_lacks_modules(faulty):
    faulty.start_from("fresh")
    faulty.root(_OTHER_PYTHON)
    faulty.declare(FURTHER, conda=True)
    faulty.run("apply")
    after = rows.state_of(faulty)
    rows.record(faulty, Row("another Python that lacks modules", "", "0", "nothing", after, ""))
    faulty.root("! python3 -c 'import json' 2>/dev/null")


@pytest.mark.full
def test_a_host_without_python(faulty):
    faulty.start_from("fresh")
    faulty.root(f"dpkg --purge --force-depends {' '.join(PYTHON)} >/dev/null 2>&1")
    assert faulty.ssh(HOST, "command -v python3").returncode != 0
    assert faulty.root("dpkg --audit") == ""
    faulty.declare(FURTHER, conda=True)
    document = faulty.json("apply")
    assert document["hosts"][0]["facts"]["python"] is None
    rows.record(faulty, Row("no Python", "", "0", "nothing", rows.state_of(faulty), ""))
