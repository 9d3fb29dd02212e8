"""A setting that becomes part of a line of a file has no line end in it, not even at its end."""

import pytest
from pydantic import TypeAdapter, ValidationError

from deeprig.tasks.nvidia_repository import Url
from roles.base.settings import HttpUrl, LocaleName, LoginName, PackageName, PublicKey
from roles.conda.settings import AbsolutePath, Channel, CondaSpec
from roles.network.values import DeviceName, Domain, MacAddress, NamePattern
from roles.nvidia_driver.settings import DriverVersion, OptionName, PciAddress

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 ada@desk"
VALUES = {
    "login": (LoginName, "ada"),
    "package": (PackageName, "git=1:2.43"),
    "locale": (LocaleName, "en_US.UTF-8"),
    "mirror": (HttpUrl, "http://192.0.2.1/debian"),
    "repository": (Url, "https://192.0.2.1/cuda"),
    "path": (AbsolutePath, "/opt/conda"),
    "channel": (Channel, "conda-forge"),
    "conda package": (CondaSpec, "numpy>=2"),
    "name": (DeviceName, "enp5s0"),
    "names": (NamePattern, "enp*"),
    "domain": (Domain, "lab.example.org"),
    "MAC": (MacAddress, "02:00:00:00:00:01"),
    "driver": (DriverVersion, "580.126.20"),
    "card": (PciAddress, "0000:01:00.0"),
    "option": (OptionName, "NVreg_EnableGpuFirmware"),
}


@pytest.mark.parametrize("what", VALUES)
def test_a_line_end_is_refused(what):
    kind, value = VALUES[what]
    adapter = TypeAdapter(kind)
    assert adapter.validate_python(value) == value
    with pytest.raises(ValidationError):
        adapter.validate_python(f"{value}\n")


def test_a_key_may_come_as_its_file_has_it():
    adapter = TypeAdapter(PublicKey)
    assert adapter.validate_python(f"{KEY}\n") == KEY
    with pytest.raises(ValidationError):
        adapter.validate_python(f"{KEY}\n{KEY}")
    with pytest.raises(ValidationError):
        adapter.validate_python(7)
