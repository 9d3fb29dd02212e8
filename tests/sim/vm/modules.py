"""Driver modules on a virtual machine's disk, built there by the real DKMS without emulation."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.sim.repository.kernel_source import dkms_conf, source_files


def build(image: Path, upper: Path, kernel: str, versions: tuple[str, ...], work: Path) -> None:
    """Build the simulated driver's module of each version; install the first one's.

    ``work`` is an empty directory beside ``upper``. Raise RuntimeError with DKMS's own words.
    """
    for version in versions:
        for file in (*source_files(version, is_open=True), dkms_conf(version)):
            target = upper / file.path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.content)
    for name in ("tree", "layer"):
        (work / name).mkdir(parents=True)
    tree = work / "tree"
    mounts = f"""set -e
mount -t overlay overlay -o lowerdir={image},upperdir={upper},workdir={work / "layer"} {tree}
mount -t proc proc {tree}/proc
mount --bind /dev {tree}/dev
exec chroot {tree} sh
"""
    steps = [f"dkms build nvidia/{version} -k {kernel}" for version in versions]
    script = "\n".join(["set -e", *steps, f"dkms install nvidia/{versions[0]} -k {kernel}", ""])
    command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", mounts]
    done = subprocess.run(command, input=script, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"DKMS: {done.stdout[-2000:]}{done.stderr[-1000:]}")
