"""Which upgrades are security updates, from apt-get's own simulation."""

from roles.maintenance.security import SecurityUpgrades, Upgrade

SIMULATION = """\
NOTE: This is only a simulation!
Reading package lists...
The following packages have been kept back:
  nvidia-driver-580
Inst libssl3 [3.0.11-1~deb12u1] (3.0.13-1~deb12u1 Debian-Security:12/stable-security [amd64])
Inst tzdata [2024a-0] (2024b-0+deb12u1 Debian:12.8/stable [all])
Inst openssl [3.0.2-0] (3.0.2-1 Ubuntu:24.04/noble-updates, Ubuntu:24.04/noble-security [amd64])
Inst linux-image-amd64 (6.1.119-1 Debian-Security:12/stable-security [amd64])
Conf libssl3 (3.0.13-1~deb12u1 Debian-Security:12/stable-security [amd64])
""".splitlines()


def test_upgrades_from_a_security_archive_are_found_and_no_others():
    assert SecurityUpgrades().process(SIMULATION) == (
        Upgrade("libssl3", "3.0.11-1~deb12u1", "3.0.13-1~deb12u1"),
        Upgrade("openssl", "3.0.2-0", "3.0.2-1"),
    )


def test_a_machine_with_nothing_to_upgrade_has_none():
    assert SecurityUpgrades().process(["0 upgraded, 0 newly installed"]) == ()
