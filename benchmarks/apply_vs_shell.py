"""Wall time of a fresh ``deeprig apply`` beside a hand-written shell script that does the same.

    sudo build/venv/bin/python benchmarks/apply_vs_shell.py [--rounds N] [--small]

Each round takes two fresh throwaway hosts and gives one to each way; ways take turns in who begins.
The state is the one of ``script/demo``: packages, user, certificates, conda, an environment with
PyTorch; ``--small``: an environment with two small packages in its place.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from pprint import pformat

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from deeprig.lab import access, api  # noqa: E402 - after the path is set
from deeprig.lab.state import BRIDGE_ADDRESS, LOGIN_USER, PROXY_PORT, LabState  # noqa: E402
from tests.channel.api import DEFAULT_CACHE, ChannelBuild, build  # noqa: E402

#: What pip installs; the same versions as in script/demo.
PYTORCH = ("torch==2.13.0", "numpy", "scikit-learn")
SMALL = ("six",)
_FRESH = "deeprig apply, fresh"
_SCRIPT = "shell script over one SSH session, fresh"
_AGAIN = "deeprig apply again"
PROXY = f"http://{BRIDGE_ADDRESS}:{PROXY_PORT}"


def settings(state: LabState, channel: ChannelBuild, packages: tuple[str, ...] = SMALL) -> str:
    """Return the group data of the deeprig way."""
    conda = {
        "installer": {
            "url": f"{state.controller_url('dist')}installer/{channel.installer_name}",
            "sha256": channel.installer_sha256,
        },
        "channel_alias": state.url("dist").rstrip("/"),
        "pip": {
            "no_index": True,
            "find_links": [state.url("dist") + "wheelhouse/"],
            "trusted_hosts": [BRIDGE_ADDRESS],
        },
        "environments": [
            {
                "name": "lab",
                "python": "3.11",
                "packages": ["idna"],
                "pip": {"packages": list(packages)},
                "cuda": "cpu",
            }
        ],
    }
    base = {"packages": ["git", "htop"], "timezone": "Europe/Berlin", "users": [{"name": "ada"}]}
    return f"base = {pformat(base)}\nconda = {pformat(conda)}\n"


def shell_script(state: LabState, channel: ChannelBuild, packages: tuple[str, ...]) -> str:
    """Return what an administrator would write for the same state."""
    dist = state.url("dist")
    url = f"{dist}installer/{channel.installer_name}"
    pip = f"--no-index --find-links {dist}wheelhouse/ --trusted-host {BRIDGE_ADDRESS}"
    certificates = "\n".join(access.extra_certificates())
    return f"""set -e
export DEBIAN_FRONTEND=noninteractive
cat > /usr/local/share/ca-certificates/extra.crt <<'PEM'
{certificates}
PEM
update-ca-certificates >/dev/null 2>&1
echo 'Acquire::http::Proxy "{PROXY}";' > /etc/apt/apt.conf.d/80proxy
apt-get update -qq >/dev/null
apt-get install -y -qq --no-install-recommends git htop tzdata >/dev/null
timedatectl set-timezone Europe/Berlin
useradd -m -s /bin/bash ada
printf '* - nofile 20000\\n' > /etc/security/limits.d/80.conf
python3 -c 'import sys, urllib.request as u; u.urlretrieve(*sys.argv[1:])' {url} /tmp/i.sh
echo '{channel.installer_sha256}  /tmp/i.sh' | sha256sum -c --quiet
sh /tmp/i.sh -b -p /opt/conda >/dev/null
printf 'channels:\\n  - conda-forge\\nchannel_alias: {dist}\\n' > /opt/conda/.condarc
echo '. /opt/conda/etc/profile.d/conda.sh' > /etc/profile.d/conda.sh
/opt/conda/bin/conda create -y -n lab python=3.11 pip idna >/dev/null
/opt/conda/envs/lab/bin/python -m pip install -q {pip} {" ".join(packages)}
"""


def timed(command: list[str], stdin: str | None = None) -> float:
    """Return the seconds a command takes. Raise CalledProcessError when it fails."""
    started = time.monotonic()
    subprocess.run(command, input=stdin, text=True, check=True, capture_output=True, cwd=ROOT)
    return time.monotonic() - started


def one_round(
    channel: ChannelBuild, packages: tuple[str, ...], *, begins_with_script: bool
) -> dict[str, float]:
    """Measure each way once, on a host of its own."""
    directory = ROOT / ".lab" / "benchmark"
    api.down(directory)
    try:
        spec = api.LabSpec(directory, 2, served=(("dist", channel.out),))
        state = api.up(spec)
        (state.inventory.parent / "group_data/workstations.py").write_text(
            settings(state, channel, packages), encoding="utf-8"
        )
        deeprig = [sys.executable, "-m", "deeprig", "apply", "-i", str(state.inventory)]
        # The roles that do what the script does; the others keep a machine up to date and watch it.
        deeprig += ["--limit", "rig1", "--role", "base", "--role", "conda"]
        target = state.host("rig2")
        ssh = ["ssh", "-F", "/dev/null", "-i", str(state.key), "-p", str(target.ssh_port)]
        ssh += ["-o", f"UserKnownHostsFile={state.known_hosts}", f"{LOGIN_USER}@127.0.0.1"]
        ssh += ["sudo sh -s"]
        script = shell_script(state, channel, packages)
        ways = [(_FRESH, deeprig, None), (_SCRIPT, ssh, script)]
        if begins_with_script:
            ways.reverse()
        ways.append((_AGAIN, deeprig, None))
        return {name: timed(command, stdin) for name, command, stdin in ways}
    finally:
        api.down(directory)


def main() -> None:
    """Measure some rounds and print medians and ratios as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--small", action="store_true", help="without PyTorch")
    options = parser.parse_args()
    packages = SMALL if options.small else PYTORCH
    channel = build(DEFAULT_CACHE / "out")
    results = [
        one_round(channel, packages, begins_with_script=number % 2 == 1)
        for number in range(options.rounds)
    ]
    medians = {name: statistics.median(r[name] for r in results) for name in results[0]}
    table = {
        k: {"seconds": [round(r[k], 1) for r in results], "ratio": round(v / medians[_SCRIPT], 2)}
        for k, v in medians.items()
    }
    told = {"installed": packages, "rounds": options.rounds, "of the medians": table}
    print(json.dumps(told, indent=2))  # noqa: T201 - its output


if __name__ == "__main__":
    main()
