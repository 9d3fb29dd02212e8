"""`deeprig update`: newer versions on request, told from which to which."""

import pytest

NAME = "tools"
PREFIX = "/opt/conda"


@pytest.fixture
def workstation(lab):
    lab.hosts(rig1={"roles": ["base", "conda"]})
    lab.data(
        base=lab.base_settings(),
        conda=lab.conda_settings({"name": NAME, "python": "3.11", "packages": ["six", "idna"]}),
    )
    lab.run("apply")
    yield lab
    lab.ssh("rig1", f"rm -rf {PREFIX}/envs/{NAME} {PREFIX}/generations/{NAME}")


def versions(lab):
    listing = f"ls {PREFIX}/envs/{NAME}/conda-meta"
    records = lab.ssh("rig1", listing).stdout.split()
    return {r.rsplit("-", 2)[0]: r.rsplit("-", 2)[1] for r in records if r.endswith(".json")}


def make_older(lab, package):
    """Put an older package into the environment by hand, as a user could (in a login shell)."""
    conda = f"{PREFIX}/bin/conda install -y -p {PREFIX}/envs/{NAME} --override-channels"
    done = lab.ssh("rig1", f"bash -lc '{conda} -c conda-forge {package}'")
    assert done.returncode == 0, done.stderr


def moves(document):
    operations = document["hosts"][0]["operations"]
    return [(m["what"], m["before"], m["after"]) for o in operations for m in o["moves"]]


def test_an_environment_gets_what_a_solve_of_today_chooses_and_only_on_request(workstation):
    assert versions(workstation)["six"] == "1.17.0"
    make_older(workstation, "six=1.16.0")
    # Nothing declared differs, so apply leaves it alone.
    assert moves(workstation.json("apply")) == []
    assert versions(workstation)["six"] == "1.16.0"

    wanted = [(f"{NAME}: six", "1.16.0", "1.17.0")]
    plan = workstation.json("update", "--environments", "--plan")
    assert (plan["command"], moves(plan)) == ("plan", wanted)
    assert versions(workstation)["six"] == "1.16.0", "a plan changes nothing"

    document = workstation.json("update", "--environments")
    assert (document["command"], moves(document)) == ("update", wanted)
    assert {o["role"] for o in document["hosts"][0]["operations"]} == {"conda"}
    assert versions(workstation)["six"] == "1.17.0"
    assert moves(workstation.json("update", "--environments")) == []


def test_the_table_says_from_which_version_to_which(workstation):
    make_older(workstation, "idna=3.6")
    shown = workstation.run("update", "--environments").stdout
    lines = [line.split() for line in shown.splitlines()]
    assert ["host", "what", "from", "to"] in lines
    assert ["rig1", f"{NAME}:", "idna", "3.6", "3.7"] in lines


#: A security archive of the host's own: a newer version of a package that is installed, and of one
#: that is held. Its Release file says of itself what Debian's says.
_ARCHIVE = """set -e
mkdir -p /root/archive && cd /root/archive
make() {
  mkdir -p tree/DEBIAN
  printf 'Package: %s\\nVersion: %s\\nArchitecture: all\\nMaintainer: x <x@example.org>\\n' $1 $2 \
    > tree/DEBIAN/control
  printf 'Description: of the tests\\n' >> tree/DEBIAN/control
  dpkg-deb -b tree $1_$2.deb >/dev/null
}
make deeprig-patched 1; make deeprig-held 1
dpkg -i *_1.deb >/dev/null
rm *_1.deb; make deeprig-patched 2; make deeprig-held 2
apt-ftparchive packages . > Packages
apt-ftparchive -o APT::FTPArchive::Release::Origin=Debian \
  -o APT::FTPArchive::Release::Label=Debian-Security \
  -o APT::FTPArchive::Release::Suite=stable-security release . > Release
echo 'deb [trusted=yes] file:/root/archive ./' > /etc/apt/sources.list.d/tests.list
apt-mark hold deeprig-held >/dev/null
"""
_REMOVE_ARCHIVE = """apt-mark unhold deeprig-held; dpkg -P deeprig-held deeprig-patched
rm -rf /root/archive /etc/apt/sources.list.d/tests.list; apt-get update -qq"""


@pytest.fixture
def patched(lab):
    """A host with a package that a security archive has a newer version of."""
    lab.hosts(rig1={"roles": ["maintenance"]})
    # Nothing that needs a package: without the base role these hosts reach no archive.
    lab.data(maintenance={"unattended_upgrades": False, "log_max_size": None})
    made = lab.ssh("rig1", _ARCHIVE)
    assert made.returncode == 0, made.stderr
    yield lab
    lab.ssh("rig1", _REMOVE_ARCHIVE)


def test_security_updates_are_installed_on_request_and_held_packages_stay(patched):
    assert moves(patched.json("apply")) == []
    document = patched.json("update", "--security")
    ours = [move for move in moves(document) if move[0].startswith("deeprig-")]
    assert ours == [("deeprig-patched", "1", "2")]
    query = "dpkg-query -W -f '${Package}=${Version} ' 'deeprig-*'"
    assert patched.ssh("rig1", query).stdout.split() == ["deeprig-held=1", "deeprig-patched=2"]
    assert moves(patched.json("update", "--security")) == []
