"""`conda-meta/history`: what an environment was asked for."""

import pytest

from tests.channel.standin.history import package_name, record, requested


@pytest.mark.parametrize(
    "spec", ["six", "six=1.17", "six >=1", "conda-forge::six", "SIX==1", "six[build=0]", "six!=2"]
)
def test_the_name_that_a_spec_constrains(spec):
    assert package_name(spec) == "six"


def test_later_requests_replace_earlier_ones_and_removals_drop_them(tmp_path):
    record(tmp_path, ["conda", "create"], ["+ch/noarch::six-1-0"], ["six=1", "pip", "idna"])
    record(tmp_path, ["conda", "install"], [], ["six=2"])
    record(tmp_path, ["conda", "remove"], [], ["pip"], kind="remove")
    assert requested(tmp_path) == {"six": "six=2", "idna": "idna"}


def test_a_transaction_is_written_as_conda_writes_it(tmp_path):
    record(tmp_path, ["conda", "create", "-y"], ["-old-1-0", "+ch/noarch::six-1-0"], ["six"])
    lines = (tmp_path / "conda-meta/history").read_text().splitlines()
    assert lines[0].startswith("==> ")
    assert lines[0].endswith(" <==")
    assert lines[1] == "# cmd: conda create -y"
    assert lines[2].startswith("# conda version: ")
    assert lines[3:] == ["-old-1-0", "+ch/noarch::six-1-0", "# update specs: ['six']"]


def test_an_explicit_install_asks_for_nothing(tmp_path):
    record(tmp_path, ["conda", "create"], ["+ch/noarch::six-1-0"], [])
    assert requested(tmp_path) == {}
    assert "specs" not in (tmp_path / "conda-meta/history").read_text()
