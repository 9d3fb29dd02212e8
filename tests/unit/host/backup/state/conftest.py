"""A machine below a directory, with users, packages, conda environments; dpkg is the real one."""

import json
import time
from dataclasses import dataclass

import pytest
from deeprig_host.backup import state_store
from deeprig_host.backup.state import capture
from deeprig_host.backup.state_read import read_state
from deeprig_host.machine.commands import Machine

USERS = """\
root:x:0:0:root:/root:/bin/bash
games:$6$hash:5:60:games:/usr/games:/usr/sbin/nologin
ada:x:1000:1000:Ada:/home/ada:/bin/zsh
"""
GROUP = "root:x:0:\nvideo:$1$secret:44:ada\ngames:x:60:\nada:x:1000:\n"
STATUS = """\
Package: zlib1g
Status: install ok installed
Architecture: amd64
Multi-Arch: same
Version: 1:1.2.13
Description: compression

Package: tool
Status: hold ok installed
Architecture: all
Version: 2.0
Description: a tool

Package: helper
Status: install ok installed
Architecture: all
Version: 3.0
Description: came with the tool

Package: gone
Status: deinstall ok config-files
Architecture: all
Version: 1.0
Config-Version: 1.0
Description: removed, not purged
"""
AUTOMATIC = "Package: zlib1g\nArchitecture: amd64\nAuto-Installed: 1\n\n"
AUTOMATIC += "Package: helper\nArchitecture: amd64\nAuto-Installed: 1\n"
CHANNEL = "https://conda.example.org/forge"
#: After every file of the machine was made: none of them may change within its clock's tick.
LATER_SECONDS = 1000


@dataclass(frozen=True)
class Rig:
    """The machine, and what is done to it."""

    machine: Machine

    def write(self, path, text):
        file = self.machine.path(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def conda_package(self, environment, name, version="1.0", depends=(), files=(), **more):
        url = f"{CHANNEL}/noarch/{name}-{version}-0.conda"
        record = {"name": name, "version": version, "build": "0", "url": url, "md5": f"md5-{name}"}
        record |= {"depends": list(depends), "files": list(files)} | more
        self.write(f"{environment}/conda-meta/{name}-{version}-0.json", json.dumps(record))

    def pip_package(self, environment, name, version="1.0", origin=None, described="words"):
        place = f"{environment}/lib/python3.11/site-packages/{name}-{version}.dist-info"
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\nName: {described}\n"
        self.write(f"{place}/METADATA", metadata)
        if origin:
            self.write(f"{place}/direct_url.json", json.dumps(origin))
        return place

    def link_environment(self, name, build):
        path = self.machine.path(f"/opt/conda/envs/{name}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.symlink_to(f"/opt/conda/generations/{name}/{build}")
        return f"/opt/conda/generations/{name}/{build}"

    @property
    def directory(self):
        return self.machine.path(state_store.DIRECTORY)

    def capture(self, machine=None, **more):
        times = {"now": lambda: time.time() + LATER_SECONDS} | more
        return capture(machine or self.machine, **times)

    def state(self):
        return read_state(self.directory)

    def files(self):
        """Every file of the state, what is in it and when it was written."""
        found = sorted(path for path in self.directory.rglob("*") if path.is_file())
        return {
            str(path.relative_to(self.directory)): (path.read_bytes(), path.stat().st_mtime_ns)
            for path in found
        }

    def text(self, path):
        return (self.directory / path).read_text()

    def environment_text(self, part, file):
        """A file of the environment whose directory's name begins so."""
        (found,) = self.directory.glob(f"environments/{part}-????????/{file}")
        return found.read_text()


@pytest.fixture
def rig(tmp_path):
    rig = Rig(Machine(tmp_path / "root"))
    rig.write("/etc/passwd", USERS)
    rig.write("/etc/group", GROUP)
    rig.write("/etc/hostname", "rig1\n")
    rig.write("/etc/fstab", "UUID=1 / ext4 defaults 0 1\n")
    rig.write("/etc/netplan/50-deeprig.yaml", "network: {}\n")
    rig.write("/etc/os-release", 'NAME="Ubuntu"\nPRETTY_NAME="Ubuntu 24.04.1 LTS"\n')
    rig.write("/proc/sys/kernel/osrelease", "6.8.0-45-generic\n")
    rig.write("/var/spool/cron/crontabs/ada", "@daily /home/ada/sync\n")
    rig.write("/var/lib/dpkg/status", STATUS)
    rig.write("/var/lib/apt/extended_states", AUTOMATIC)
    (rig.machine.path("/var/lib/dpkg/updates")).mkdir()
    rig.conda_package("/opt/conda", "conda")
    build = rig.link_environment("torch", "abc123")
    rig.conda_package(build, "python")
    rig.conda_package(build, "zstd", depends=("python >=3",))
    rig.pip_package(build, "torch", "2.5.0")
    return rig
