"""A machine dies; a new one, `deeprig apply` and the backup bring it back: on real hosts."""

import json
import os

import pytest

from deeprig.lab import api
from tests.e2e.rebuilt_hosts import NEW, OLD, OTHER, PYTHON, STORE, WORK, Machines
from tests.e2e.running import ROOT, LabDirectory

#: It has machines of its own.
pytestmark = pytest.mark.beside
PASSWORD = "a-password-of-the-test"  # noqa: S105
WORK_ENVIRONMENT = "/opt/conda/envs/by-hand"
HERS = "/home/ada/envs/hers"
#: In Debian's archive, small, and nothing depends on it.
BY_HAND = "tree"
NOT_GOOD = ("missing", "different", "unknown")
LEFT = {b"/usr/local/cuda-12.4", b"/usr/local/cuda-12.4/version"}
#: What `apply` wrote on the new machine is newer, and stays as the inventory has it; a directory
#: that is parted keeps its own time.
NEWER = {
    *(b"/home/ada/.ssh/authorized_keys", b"/home/deeprig/.ssh/authorized_keys"),
    b"/usr/local",
}


@pytest.fixture(scope="module")
def machines(channel, tmp_path_factory):
    """Three machines of the test's own: one of them dies."""
    directory = ROOT / ".lab" / f"rebuild-{os.getpid()}"
    path = tmp_path_factory.mktemp("rebuild") / "lab"
    path.mkdir()
    try:
        served = (("dist", channel.out),)
        state = api.up(api.LabSpec(directory, 3, "debian12", served=served))
        yield Machines(LabDirectory(path, state, channel))
    finally:
        api.down(directory)
        assert not directory.exists()


def declare(lab, host_key):
    """What the inventory says of rig1, whichever machine that is."""
    environment = {"name": "small", "python": "3.11", "packages": ["idna=3.6"]}
    repository = {
        "url": f"sftp://store@{lab.state.host(STORE).address}//srv/store/rig1",
        "password": PASSWORD,
        "ssh_key": {"file": str(lab.path / "backup.key")},
        "host_key": host_key,
        "create": True,
    }
    user = {"name": "ada", "shell": "/bin/bash"}
    lab.write(
        "deploy/workstation.py",
        "from deeprig.compose import deploy_roles\ndeploy_roles('base', 'conda', 'backup')\n",
    )
    lab.data(
        roles=["base", "conda", "backup"],
        base=lab.base_settings() | {"users": [user]},
        conda=lab.conda_settings(environment),
        backup={"repositories": {"store": repository}},
    )


def people_work(machines):
    """What people do in a year: data, a user and groups by hand, environments, a package."""
    channel = f"--override-channels -c {machines.lab.state.url('dist')}conda-forge"
    # A login session: it knows which addresses are not behind the proxy.
    conda = ". /etc/profile.d/deeprig-proxy.sh; /opt/conda/bin/conda"
    machines.on(OLD, "groupadd -g 2000 lab && useradd -m -u 1500 -s /bin/bash carl")
    machines.on(OLD, "usermod -aG lab,audio carl && usermod -aG lab ada && chmod 750 /home/ada")
    machines.on(OLD, "usermod -aG sudo carl")
    machines.python(OLD, WORK)
    machines.on(OLD, "echo 'alias ll=ls' >> /home/carl/.bashrc && echo x >> /home/ada/.bashrc")
    machines.on(OLD, "mkdir /root/notes /srv/data && echo n > /root/notes/n && chgrp lab /srv/data")
    machines.on(OLD, "chmod 2775 /srv/data && head -c 5000000 /dev/urandom > /srv/data/model")
    machines.on(OLD, "printf '#!/bin/sh\n' > /usr/local/bin/tool && chmod 755 /usr/local/bin/tool")
    machines.on(OLD, "mkdir -p /usr/local/cuda-12.4 && echo old > /usr/local/cuda-12.4/version")
    machines.on(OLD, "echo old > /etc/motd && echo '# by hand' > /etc/profile.d/lab.sh")
    machines.on(OLD, f"{conda} create -y -p {WORK_ENVIRONMENT} {channel} python=3.11 six=1.16.0")
    machines.on(OLD, f"su - ada -c '{conda} create -y -p {HERS} {channel} python=3.11 idna=3.7'")
    machines.on(OLD, f"apt-get install -y -q {BY_HAND}")


@pytest.fixture(scope="module")
def dead(machines):
    """The old machine is dead; what it held is in the store, and told by its own picture."""
    declare(machines.lab, machines.make_store())
    machines.become(OLD)
    machines.lab.run("apply")
    people_work(machines)
    machines.program(OLD, "run")
    before = machines.picture(OLD)
    machines.end(OLD)
    return before


def differences(before, after):
    """What is gone, and what is not as it was, of two pictures."""
    gone = {bytes.fromhex(path) for path in before if path not in after}
    others = {
        bytes.fromhex(path): (told, after[path])
        for path, told in before.items()
        if path in after and told != after[path]
    }
    return gone, others


def test_a_dead_machine_comes_back(machines, dead):
    lab = machines.lab
    # A new machine takes its place and its name, and backs itself up before anybody looks.
    machines.on(NEW, "hostname rig1 && echo rig1 > /etc/hostname")
    machines.become(NEW)
    lab.run("apply")
    machines.program(NEW, "run")

    # Somebody else has carl's number: his files would be theirs. Nothing is done.
    machines.on(NEW, "useradd -u 1500 intruder")
    refused = machines.program(NEW, "rebuild", "--from", "rig1", code=1)
    assert "user carl had the number 1500, which is intruder's here" in refused
    assert machines.on(NEW, "getent group lab", code=2) == ""
    machines.on(NEW, "userdel intruder")

    foreseen = machines.program(NEW, "rebuild", "--from", "rig1", "--dry-run")
    assert "would make user carl with the number 1500" in foreseen
    assert f"would make the environment {WORK_ENVIRONMENT}" in foreseen
    assert f"would make the environment {HERS}" not in foreseen
    machines.on(NEW, "id carl", code=1)

    # What was made here since is newer: it stays.
    machines.on(NEW, "mkdir -p /srv/data && echo newer > /srv/data/model")
    named = ("--etc", "/etc/profile.d/lab.sh")
    first = machines.program(NEW, "rebuild", "--from", "rig1", *named, code=1)
    assert "kept: /srv/data/model: it is newer than the snapshot's" in first
    assert f"chosen packages that are missing here (--packages): {BY_HAND}" in first
    assert "carl was in sudo, which makes root: only the inventory gives that" in first
    assert "user carl: different (no longer in sudo)" in first
    assert "environment: 4 same" in first
    machines.on(NEW, "rm /srv/data/model && usermod -aG sudo carl")

    second = machines.program(NEW, "rebuild", "--from", "rig1", "--packages")
    assert "rebuilt: environment, chosen package, hold, user, group" in second

    after = machines.picture(NEW)
    gone, others = differences(dead, after)
    assert gone == LEFT
    assert set(others) <= NEWER, others

    # Of /etc nothing but what was named went over what apply placed; all of it lies beside.
    assert machines.on(NEW, "cat /etc/profile.d/lab.sh") == "# by hand\n"
    aside = "/var/lib/deeprig/rebuild/rig1/etc"
    assert machines.on(NEW, f"cat {aside}/motd") == "old\n"
    assert machines.on(NEW, "cat /etc/motd") != "old\n"
    machines.on(NEW, f"cmp -s {aside}/machine-id /etc/machine-id", code=1)
    assert machines.on(NEW, "stat -c %a /var/lib/deeprig/rebuild").strip() == "700"

    # The environments work, and are their owners'.
    code = "import six; print(six.__version__)"
    assert machines.on(NEW, f"{WORK_ENVIRONMENT}/bin/python -c '{code}'").strip() == "1.16.0"
    code = "import idna; print(idna.__version__)"
    assert machines.on(NEW, f"su - ada -c '{HERS}/bin/python -c \"{code}\"'").strip() == "3.7"

    # Done is done: again changes nothing, and neither does an apply.
    machines.on(NEW, "touch /tmp/mark")
    again = machines.program(NEW, "rebuild", "--from", "rig1")
    assert "created" not in again
    assert "replaced" not in again
    assert machines.picture(NEW) == after
    operations = lab.json("apply")["hosts"][0]["operations"]
    assert [one["name"] for one in operations if one["status"] == "changed"] == []

    # `compare` says the same, and sees what is lost again.
    machines.program(NEW, "compare", "--from", "rig1")
    machines.on(NEW, f"rm -r {WORK_ENVIRONMENT} && groupdel lab")
    told = machines.program(NEW, "compare", "--from", "rig1", code=1)
    assert f"environment {WORK_ENVIRONMENT}: missing" in told
    assert "group lab: missing" in told

    told = machines.program(NEW, "rebuild", "--from", "rig1", "--etc", "/etc/fstab", code=1)
    assert "it names the old disks" in told
    assert machines.on(NEW, f"{PYTHON} -m deeprig_host.backup status --json >/dev/null") == ""


def test_files_follow_the_names_where_numbers_are_others(machines, dead):
    """After the test above: its machine is whole, and now its people get other numbers."""
    machines.on(NEW, "groupadd -f -g 2000 lab && gpasswd -M ada,carl lab")
    machines.on(NEW, "usermod -u 1700 ada && usermod -u 1001 carl && rm -r /home/ada/work")
    refused = machines.program(NEW, "rebuild", "--from", "rig1", code=1)
    assert "user ada has the number 1700 here, and had 1001" in refused
    assert "user carl has the number 1001 here, and had 1500" in refused
    told = machines.program(NEW, "rebuild", "--from", "rig1", "--owners", "names")
    assert "numbers of users here: 1001 is 1700, 1500 is 1001" in told
    numbers = {1001: 1700, 1500: 1001}
    # The list of who may read the file: carl, by his number (acl(5), tag 2).
    carls = [(2).to_bytes(2, "little") + b"\4\0" + n.to_bytes(4, "little") for n in (1500, 1001)]
    expected = {
        path: [mode, numbers.get(uid, uid), gid, *rest]
        for path, (mode, uid, gid, *rest) in dead.items()
    }
    shared = b"/home/ada/work/shared".hex()
    attributes = expected[shared][7]
    lists = attributes["system.posix_acl_access"]
    assert carls[0].hex() in lists
    # Another picture: what `dead` tells is compared again by the next test.
    changed = {"system.posix_acl_access": lists.replace(carls[0].hex(), carls[1].hex())}
    expected[shared][7] = attributes | changed
    gone, others = differences(expected, machines.picture(NEW))
    assert gone == LEFT
    assert set(others) <= NEWER, others
    machines.program(NEW, "compare", "--from", "rig1", "--owners", "names")
    machines.program(NEW, "compare", "--from", "rig1", code=1)


@pytest.mark.full
def test_on_another_release_data_people_and_environments_come_back(machines, dead):
    """Packages have other names and versions there: that is told, and is no success."""
    lab = machines.lab
    state = api.up(api.LabSpec(lab.state.directory, 4, "debian13", served=machines.served))
    new = Machines(LabDirectory(lab.path, state, lab.channel))
    new.become(OTHER)
    lab.run("apply")
    # The machine of the tests above was rig1 too, and is not the one that died.
    listed = json.loads(new.program(OTHER, "list", "--json"))
    first = listed["repositories"]["store"]["snapshots"][0]["id"]
    words = ("--from", "rig1", "--snapshot", first)
    told = new.program(OTHER, "rebuild", *words, "--packages", code=None)
    assert "environment: 4 same" in told
    gone, others = differences(dead, new.picture(OTHER))
    assert gone == LEFT
    # base-files makes it, so it is as old as the host's image; which was made later is chance.
    assert set(others) <= NEWER | {b"/usr/local/man"}, others
    compared = json.loads(new.program(OTHER, "compare", *words, "--json", code=None))
    wrong = {one["area"] for one in compared["findings"] if one["verdict"] in NOT_GOOD}
    assert {"environment", "group"}.isdisjoint(wrong)
    assert compared["is_rebuilt"] is ("chosen package" not in wrong and "user" not in wrong)
