"""The ground a measurement stands on: throwaway hosts, and the image they boot from.

Every host boots from one image in which all resources and the whole workstation deploy are in
place already: a fresh host gets them once, is shut down, and its disk becomes the image. So a
hundred hosts are ready in the time they need to boot.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from benchmarks.apply_vs_shell import settings
from benchmarks.fleet.about import ROOT, SOURCES
from benchmarks.fleet.shell_texts import making_script, testing_script
from benchmarks.fleet.workstation import OWN_NAME, floor_script
from deeprig.lab import access, api, image, machine
from deeprig.lab.commands import run
from deeprig.lab.state import BRIDGE_ADDRESS, PROXY_PORT, LabHost, LabState
from tests.channel.api import ChannelBuild

OS = "debian12"
_SHUTDOWN_SECONDS = 60.0
#: Hosts that are asked something at once while they are prepared.
_AT_ONCE = 8
Note = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Golden:
    """The image with everything in place, and the script that tests the workstation's state."""

    path: Path

    @property
    def floor(self) -> str:
        """Return the script that tests what the workstation deploy keeps in place."""
        return self._floor_file.read_text(encoding="utf-8")

    @property
    def _floor_file(self) -> Path:
        return self.path.with_name(f"{self.path.name}.floor.sh")

    @property
    def is_made(self) -> bool:
        """Say whether both are there."""
        return self.path.is_dir() and self._floor_file.is_file()

    def keep_floor(self, text: str) -> None:
        """Keep the script beside the image."""
        self._floor_file.write_text(text, encoding="utf-8")


def golden_of(channel: ChannelBuild) -> Golden:
    """Return where the image for this source tree lies, made or not."""
    digest = hashlib.sha256(making_script().encode() + channel.installer_sha256.encode())
    digest.update((ROOT / "benchmarks" / "fleet" / "workstation.py").read_bytes())
    for directory in SOURCES:  # a change of them makes a new image
        for file in sorted((ROOT / directory).rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                digest.update(str(file.relative_to(ROOT)).encode() + file.read_bytes())
    return Golden(image.cache_directory() / f"bench-{digest.hexdigest()[:12]}")


def fresh_lab(channel: ChannelBuild, hosts: int) -> LabState:
    """Bring up hosts that have nothing but a way to packages, and fresh lists of them."""
    directory = ROOT / ".lab" / "bench-fresh"
    api.down(directory)
    state = api.up(api.LabSpec(directory, hosts, OS, served=(("dist", channel.out),)))
    group_data = state.inventory.parent / "group_data" / "workstations.py"
    group_data.write_text(settings(state, channel), encoding="utf-8")
    for host in state.hosts:
        ssh(state, host, _way_to_packages())
    return state


def full_lab(golden: Golden, channel: ChannelBuild, hosts: int) -> LabState:
    """Bring up hosts that have everything in place; more of them where some are up."""
    directory = ROOT / ".lab" / "bench"
    known = LabState.load(directory)
    if known and any(host.image != str(golden.path) for host in known.hosts):
        api.down(directory)
    spec = api.LabSpec(directory, hosts, OS, served=(("dist", channel.out),), image=golden.path)
    state = api.up(spec)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(lambda host: ssh(state, host, OWN_NAME), state.hosts))
    return state


def make_golden(golden: Golden, state: LabState, host: LabHost, apply: Callable[[], None]) -> None:
    """Bring one fresh host to the whole state, and make its disk the image.

    ``apply`` does the workstation deploy. Raise DeeprigError or CalledProcessError for failures.
    """
    ssh(state, host, "mkdir -p /var/lib/bench; touch /var/lib/bench/began")
    apply()
    ssh(state, host, making_script())
    ssh(state, host, testing_script())
    floor = floor_script(lambda script: ssh(state, host, script))
    ssh(state, host, floor)
    _shut_down(state, host)
    for old in golden.path.parent.glob("bench-*"):
        shutil.rmtree(old) if old.is_dir() else old.unlink()
    _copy_disk(state, host, golden.path)
    golden.keep_floor(floor)


def ssh(state: LabState, host: LabHost, script: str) -> str:
    """Run a script as root on a host and return what it prints. Raise CalledProcessError."""
    command = ["ssh", "-F", "/dev/null", "-i", str(state.key), "-p", str(host.ssh_port)]
    command += ["-o", f"UserKnownHostsFile={state.known_hosts}", "-o", "BatchMode=yes"]
    done = subprocess.run(
        [*command, "root@127.0.0.1", "sh -s"],
        input=script,
        text=True,
        stdout=subprocess.PIPE,
        check=True,
    )
    return done.stdout


def _way_to_packages() -> str:
    proxy = f"http://{BRIDGE_ADDRESS}:{PROXY_PORT}"
    certificates = "\n".join(access.extra_certificates())
    return f"""set -e
cat > /usr/local/share/ca-certificates/bench.crt <<'PEM'
{certificates}
PEM
update-ca-certificates >/dev/null 2>&1
echo 'Acquire::http::Proxy "{proxy}"; Acquire::https::Proxy "{proxy}";' > /etc/apt/apt.conf.d/79b
apt-get update -qq
"""


def _shut_down(state: LabState, host: LabHost) -> None:
    ssh(state, host, "systemctl --no-block poweroff")
    deadline = time.monotonic() + _SHUTDOWN_SECONDS
    while machine.is_running(state, host):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{host.name} does not shut down")
        time.sleep(0.1)  # the end of a cgroup's last process is no event that can be waited for


def _copy_disk(state: LabState, host: LabHost, target: Path) -> None:
    """Copy a stopped host's disk, without what makes it this host."""
    part = target.with_name(f"{target.name}.part")
    if part.exists():
        shutil.rmtree(part)
    (part / "root").mkdir(parents=True)
    (part / "mounted").mkdir()
    layers = f"lowerdir={state.machine(host.name) / 'upper'}:{host.image}"
    script = 'mount -t overlay overlay -o "ro,$0" "$1/mounted" && cp -a "$1/mounted/." "$1/root/"'
    entering = ("unshare", "--mount", "--propagation", "private")
    run((*entering, "sh", "-c", script, layers, str(part)), what="copying the host's disk")
    root = part / "root"
    for key in (root / "etc/ssh").glob("ssh_host_*"):
        key.unlink()
    (root / "etc/machine-id").write_text("", encoding="ascii")
    shutil.rmtree(root / "var/log/journal", ignore_errors=True)  # absent where it is volatile
    os.rename(root, target)  # noqa: PTH104 - replaces nothing
    shutil.rmtree(part)
