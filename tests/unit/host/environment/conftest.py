"""A machine below a directory: its wheels are small, and what it runs is the real Python."""

from dataclasses import dataclass

import pytest
from deeprig_host.environment.make import make
from deeprig_host.environment.observe import observe
from deeprig_host.environment.order import Order
from deeprig_host.environment.places import Places
from deeprig_host.machine.commands import Machine

from tests.unit.host.environment.wheel_files import store_wheel, wheel_of


@dataclass(frozen=True)
class Host:
    """The machine, and orders for it."""

    machine: Machine

    @property
    def places(self):
        return Places.of(self.machine)

    def order(self, version=1, modules=("some",)):
        files = {"some.py": b"VERSION = %d\n" % version, "some-1.dist-info/WHEEL": b"x"}
        return Order((store_wheel(self.places.store, wheel_of(files)),), modules)

    def make(self, order):
        return make(self.machine, order)

    def observe(self, order):
        return observe(self.machine, order)

    def version(self):
        """What a program gets that runs from the environment in use now; None without one."""
        python = self.places.link / "bin/python"
        done = self.machine.run(str(python), "-c", "import some; print(some.VERSION)")
        return int(done.out) if done.is_good else None


@pytest.fixture
def host(tmp_path):
    return Host(Machine(tmp_path / "root"))
