"""One throwaway host for the fault suite, with an archive, a mirror and a name server of its own.

Its packages are the distribution's, its archive's key and layout are made here: every fault can be
made, and no test needs the network once the packages are in the cache.
"""

from __future__ import annotations

import os
import shutil

import pytest

from deeprig.lab import api as lab_api
from deeprig.lab.requirements import check_requirements
from tests.e2e.faults import archive, rows
from tests.e2e.faults.cut_points import Work
from tests.e2e.faults.debs import debs
from tests.e2e.faults.disks import BOOT_PACKAGE
from tests.e2e.faults.fault_lab import HOST, FaultLab, host_side
from tests.e2e.faults.servers import Servers
from tests.e2e.faults.verbose_run import VerboseRun
from tests.e2e.running import ROOT
from tests.sim.hosts import api
from tests.sim.repository.deb import deb_bytes
from tests.sim.repository.signing import make_key

_DEPLOY = "from deeprig.compose import deploy_roles\ndeploy_roles('base', 'conda', 'maintenance')\n"
_WHOLE: list[Work] = []


@pytest.fixture(scope="session")
def fault_lab(channel, tmp_path_factory):
    """The host, its disk "fresh", and what is served to it."""
    check_requirements()
    directory = ROOT / ".lab" / f"faults-{os.getpid()}"
    made = tmp_path_factory.mktemp("faults")
    try:
        state = lab_api.up(lab_api.LabSpec(directory, served=(("dist", channel.out),)))
        servers = Servers(state, made / "served")
        servers.directory.mkdir()
        found = FaultLab(made, state, channel, servers, archive.Archive(made, None))
        packages = made / "debs"
        shutil.copytree(debs(state, found.root), packages)
        (packages / BOOT_PACKAGE.file_name).write_bytes(deb_bytes(BOOT_PACKAGE))
        whole = archive.make(made / "whole", packages, make_key(made / "key"))
        host = state.host(HOST)
        api.power_off(state, host)
        upper = state.machine(HOST) / "upper"
        for name, content in host_side(whole.key.public.read_bytes()).items():
            (upper / name).parent.mkdir(parents=True, exist_ok=True)
            (upper / name).write_bytes(content)
        shutil.rmtree(upper / "var/cache/apt", ignore_errors=True)
        shutil.rmtree(upper / "var/lib/apt", ignore_errors=True)
        api.keep_disk(state, host, "fresh")
        yield state, servers, whole
    finally:
        lab_api.down(directory)
        assert not directory.exists()


@pytest.fixture
def faulty(fault_lab, channel, tmp_path):
    """An empty lab directory over the host; mirror and name server are well."""
    state, servers, whole = fault_lab
    made = FaultLab(tmp_path / "lab", state, channel, servers, whole)
    made.path.mkdir()
    made.write("deploy/workstation.py", _DEPLOY)
    made.hosts(**{HOST: {}})
    made.mend()
    yield made
    servers.release()
    shutil.rmtree(made.path)


@pytest.fixture
def stock(faulty):
    """A stock host that is to get base, conda and maintenance."""
    faulty.start_from("fresh")
    faulty.declare(conda=True)
    return faulty


@pytest.fixture
def whole(stock):
    """How much work a whole first run is; measured once."""
    if not _WHOLE:
        run = VerboseRun(stock)
        assert run.process.wait(timeout=600) == 0, run.told()
        _WHOLE.append(run.done())
        stock.start_from("fresh")
    assert min(_WHOLE[0].operations, _WHOLE[0].dpkg, _WHOLE[0].conda) > 10, _WHOLE
    return _WHOLE[0]


@pytest.fixture(scope="session", autouse=True)
def _rows():
    """Keep the rows that this run saw, beside those that it did not touch."""
    yield
    rows.save()
