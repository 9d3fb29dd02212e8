"""A lab on disk for unit tests: a state and a tiny image. Nothing is started."""

import os

import pytest

from deeprig.lab.state import LabHost, LabState


@pytest.fixture
def image(tmp_path):
    """Return a directory that has what an image has where hosts' own files go."""
    made = tmp_path / "image"
    for directory in ("etc/ssh", "etc/systemd/network", "root", "home/deeprig"):
        (made / directory).mkdir(parents=True)
    (made / "root").chmod(0o700)
    (made / "home/deeprig").chmod(0o750)
    if os.geteuid() == 0:
        os.chown(made / "home/deeprig", 1000, 1000)
    return made


@pytest.fixture
def state(tmp_path, image):
    made = LabState(
        tmp_path / "lab",
        (LabHost("rig1", "debian12", "10.213.0.11", 40001, str(image)),),
        (("dist", "/srv/dist"),),
        ("mirror.example",),
        40000,
    )
    made.directory.mkdir()
    made.save()
    return made
