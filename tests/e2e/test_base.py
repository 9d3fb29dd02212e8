"""The base role's settings on a real host, each unchanged by a second apply."""

import pytest

from tests.e2e.running import ROOT


@pytest.fixture
def based(lab):
    """A lab with the base role on rig3, whose package sources are put back afterwards."""
    lab.write("deploy/workstation.py", (ROOT / "deploy/workstation.py").read_text())
    lab.hosts(rig3={})
    lab.ssh("rig3", "rm -rf /root/kept && cp -a /etc/apt /root/kept")
    yield lab
    lab.ssh("rig3", "rm -rf /etc/apt && mv /root/kept /etc/apt; userdel -r ada")


def declare(lab, **more):
    lab.data(base=lab.base_settings() | more, roles=["base"])


def changes(lab):
    operations = lab.json("apply")["hosts"][0]["operations"]
    return [o["name"] for o in operations if o["status"] == "changed"]


def test_a_mirror_replaces_the_archive_and_security_updates_stay(based):
    lines = based.ssh("rig3", "cat /etc/apt/sources.list").stdout.split("\n")
    urls = [word for line in lines for word in line.split() if word.startswith("http")]
    archive = next(url for url in urls if "security" not in url)
    security = next(url for url in urls if "security" in url)
    mirror = {"mirror": archive, "security_mirror": security, "components": ["main"]}
    apt = based.base_settings()["apt"] | mirror
    declare(based, apt=apt, packages=["less", "tree"])
    assert "Set the package sources" in changes(based)
    sources = based.ssh("rig3", "cat /etc/apt/sources.list.d/debian.sources").stdout
    assert f"URIs: {archive}" in sources
    assert "Suites: bookworm-security" in sources
    # They are used: apt knows no other source, and a new package came from it.
    used = based.ssh("rig3", "apt-get indextargets --format '$(FILENAME)' | wc -l").stdout
    assert int(used) > 0
    assert based.ssh("rig3", "command -v tree").returncode == 0
    assert changes(based) == []


def test_a_package_that_does_not_exist_is_told_by_apt(based):
    declare(based, packages=["no-such-package-anywhere"])
    document = based.json("apply", code=1)
    failed = next(o for o in document["hosts"][0]["operations"] if o["status"] == "failed")
    assert failed["name"] == "Install packages"
    assert "no-such-package-anywhere" in failed["output"]


def test_an_interrupted_package_installation_is_repaired(based):
    """A package unpacked and not configured, as a cut connection leaves it."""
    declare(based)
    based.run("apply")
    made = based.ssh(
        "rig3",
        "mkdir -p p/DEBIAN && printf 'Package: halfdone\\nVersion: 1\\nArchitecture: all\\n"
        "Maintainer: x <x@example.org>\\nDescription: x\\n' > p/DEBIAN/control"
        " && dpkg-deb -b p halfdone.deb && dpkg --unpack halfdone.deb",
    )
    assert made.returncode == 0, made.stderr
    assert based.json("verify", code=1)["hosts"][0]["status"] == "failed"
    assert any("interrupted" in name for name in changes(based))
    assert based.json("verify")["hosts"][0]["status"] == "passed"
    assert changes(based) == []
    based.ssh("rig3", "dpkg -P halfdone; rm -rf p halfdone.deb")


def test_users_keys_and_sudo_follow_the_inventory(based):
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExample0{} ada"
    user = {"name": "ada", "keys": [key.format(1)], "sudo": "nopasswd"}
    declare(based, users=[user])
    based.run("apply")
    assert based.ssh("rig3", "su - ada -c 'sudo -n id -u'").stdout.strip() == "0"
    assert changes(based) == []
    declare(
        based, users=[user | {"keys": [key.format(2)], "only_these_keys": True, "sudo": "none"}]
    )
    based.run("apply")
    assert based.ssh("rig3", "cat /home/ada/.ssh/authorized_keys").stdout == key.format(2) + "\n"
    assert based.ssh("rig3", "su - ada -c 'sudo -n id -u'").returncode != 0
    assert changes(based) == []
    declare(based, users=[{"name": "ada", "present": False}])
    based.run("apply")
    assert based.ssh("rig3", "id ada").returncode != 0
    assert based.ssh("rig3", "test -d /home/ada").returncode == 0
    based.ssh("rig3", "rm -rf /home/ada")
    assert changes(based) == []


def test_a_certificate_that_is_declared_no_more_is_taken_away(based):
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
    made = based.ssh("rig3", f"{command} -subj /CN=lab-test -keyout /dev/null 2>/dev/null")
    based.write("ca.pem", made.stdout)
    declare(based, ca_certificates=["ca.pem"], packages=["openssl"])
    based.run("apply")
    listed = "ls /usr/local/share/ca-certificates/ | grep -c deeprig-"
    assert based.ssh("rig3", listed).stdout.strip() == "1"
    assert based.json("verify")["hosts"][0]["status"] == "passed"
    # A run that was cut after it had placed the certificate: the bundle lacks it.
    bundle = "/etc/ssl/certs/ca-certificates.crt"
    based.ssh(
        "rig3",
        "mv /usr/local/share/ca-certificates/deeprig-* /root/; "
        "update-ca-certificates; mv /root/deeprig-*.crt /usr/local/share/ca-certificates/",
    )
    signed = made.stdout.splitlines()[-2]
    assert based.ssh("rig3", f"grep -cF '{signed}' {bundle}").stdout == "0\n"
    assert changes(based) == ["Rebuild the bundle of trusted CAs"]
    assert based.ssh("rig3", f"grep -cF '{signed}' {bundle}").stdout == "1\n"
    assert changes(based) == []
    declare(based)
    assert "Remove a CA certificate no longer declared" in changes(based)
    assert based.ssh("rig3", listed).stdout.strip() == "0"
    assert changes(based) == []
