"""Our order of versions against dpkg's own."""

import itertools
import subprocess

from deeprig_host.driver.debian_versions import DebianVersion, upstream_version

VERSIONS = (
    *("1.0~rc1-1", "1.0-1", "1.0-1ubuntu1", "1.0a-1", "1.0+dfsg-1", "1:0.1", "10", "9", "9.0"),
    *("6.8.0-45-generic", "6.8.0-101-generic", "6.1.0-28-amd64", "580.126.20-1", "580.95.05-1"),
)


def test_every_pair_is_ordered_as_dpkg_orders_it():
    for one, other in itertools.permutations(VERSIONS, 2):
        dpkg = subprocess.run(["dpkg", "--compare-versions", one, "lt", other], check=False)
        assert (DebianVersion(one) < DebianVersion(other)) is (dpkg.returncode == 0), (one, other)


def test_the_driver_version_is_what_stands_between_epoch_and_revision():
    assert upstream_version("1:580.126.20-1ubuntu1") == "580.126.20"
    assert upstream_version("610.43.02-1ubuntu1~24.04") == "610.43.02"
