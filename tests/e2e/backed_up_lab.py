"""Two machines with the role backup: what is declared for them, and what is seen of it."""

from __future__ import annotations

import base64
import json
import shlex
import subprocess
import time
from dataclasses import dataclass, field
from typing import Any

from tests.e2e.running import LabDirectory

#: Debian 12 has restic 0.14 and gets cron; Debian 13 has restic 0.18 and gets the timer.
BY_CRON, BY_TIMER = "rig3", "rig2"
STORE = "/var/backups/deeprig-e2e"
DATA = "/srv/deeprig-e2e"
CRON_FILE = "/etc/cron.d/deeprig-backup"
SECRETS = "/etc/deeprig/backup"
_STATUS = "/var/lib/deeprig/backup"
#: Each is one that may be seen nowhere; the lab's own key file comes to them.
PASSWORDS = {
    "file": "hush-of-a-file-0815",
    "env": "hush-of-the-environment-0816",
    "command": "hush-of-a-command-0817",
    "variable": "hush-of-a-variable-0818",
}
PASSWORD_VARIABLE = "DEEPRIG_E2E_BACKUP_PASSWORD"  # noqa: S105 - a name
STRAY = "/root/secrets.py"
KEEPER = "deeprig-keeper"
_CLEAN = f"""
rm -f {CRON_FILE} {CRON_FILE}-now
systemctl disable -q --now deeprig-backup.timer
rm -rf /etc/systemd/system/deeprig-backup.* {SECRETS} /etc/deeprig/backup.conf {_STATUS}
rm -rf /var/lib/deeprig/status/backup.json /var/cache/deeprig/restic {STORE} {DATA} {STRAY}
systemctl daemon-reload
userdel -rf {KEEPER}
"""
#: As nobody: what everybody on the machine can see of a backup while it runs.
_WATCH = """
import json, os, sys
lines, environments, denied = set(), [], 0
while not os.path.exists(sys.argv[1]):
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            line = open(f"/proc/{pid}/cmdline").read()
        except OSError:
            continue
        if line in lines and "restic" not in line:
            continue
        lines.add(line)
        if "restic" in line and int(pid) != os.getpid():
            try:
                environments.append(open(f"/proc/{pid}/environ").read())
            except PermissionError:
                denied += 1
            except OSError:
                pass
print(json.dumps({"lines": sorted(lines), "environments": environments, "denied": denied}))
"""


@dataclass
class BackedUpLab:
    """A lab directory for the two machines."""

    lab: LabDirectory
    private_key: str = ""
    more: dict[str, dict[str, Any]] = field(default_factory=dict)

    def prepare(self) -> None:
        """Have data to back up, and a user on one machine who keeps the other's backups."""
        for name in (BY_CRON, BY_TIMER):
            self.lab.ssh(name, _CLEAN)
            # Somebody's experiment where cron starts its jobs: no module of ours.
            self.root(name, f"echo 'raise SystemExit(9)' >{STRAY}")
            self.root(name, f"mkdir -p {DATA} && head -c 3000000 /dev/urandom >{DATA}/runs.bin")
        key = self.lab.path / "key"
        words = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key))
        subprocess.run(words, check=True, timeout=60)
        self.private_key = key.read_text()
        public = key.with_suffix(".pub").read_text().strip()
        home = f"/home/{KEEPER}"
        self.root(
            BY_TIMER,
            f"useradd -m -d {home} {KEEPER} && install -d -m 700 -o {KEEPER} {home}/.ssh && "
            f"echo 'restrict {public}' >{home}/.ssh/authorized_keys",
        )
        self.lab.write("password", f"{PASSWORDS['file']}\n")
        self.lab.write("store", f"{PASSWORDS['command']}\n")
        self.lab.write(
            "deploy/workstation.py",
            "from deeprig.compose import deploy_roles\ndeploy_roles('base', 'backup')\n",
        )

    def clean(self) -> None:
        """Have the machines as other tests expect them."""
        for name in (BY_CRON, BY_TIMER):
            self.lab.ssh(name, _CLEAN)

    def declare(self, **schedules: str) -> None:
        """Declare the backups of both machines; ``schedules`` by name, in place of the usual."""
        wanted = {BY_CRON: "cron", BY_TIMER: "timer"} | schedules
        self.lab.data(base=self.lab.base_settings(), roles=["base", "backup"])
        common = {"sources": ["/etc", DATA]}
        self.lab.hosts(
            **{
                BY_CRON: {
                    "backup": common
                    | {"schedule": wanted[BY_CRON], "repositories": self._of_cron()}
                },
                BY_TIMER: {
                    "backup": common
                    | {"schedule": wanted[BY_TIMER], "repositories": self._of_timer()}
                },
            }
        )

    def declare_nothing(self) -> None:
        """Declare no repository at all."""
        self.lab.hosts(**{BY_CRON: {}, BY_TIMER: {}})

    def _of_cron(self) -> dict[str, Any]:
        keeper = {host.name: host.address for host in self.lab.state.hosts}[BY_TIMER]
        host_key = self.root(BY_TIMER, "cat /etc/ssh/ssh_host_ed25519_key.pub")
        new = {"create": True, "jitter_minutes": 0}
        return {
            "disk": {"url": f"{STORE}/disk", "password": {"file": "password"}, **new},
            "nas": {
                "url": f"sftp://{KEEPER}@{keeper}//home/{KEEPER}/store",
                "password": {"env": PASSWORD_VARIABLE},
                "ssh_key": {"file": "key"},
                "host_key": host_key,
                **new,
            },
        }

    def _of_timer(self) -> dict[str, Any]:
        return {
            "disk": {
                "url": f"{STORE}/disk",
                "password": {"command": ["cat", "store"]},
                "environment": {"AWS_SECRET_ACCESS_KEY": PASSWORDS["variable"]},
                "create": True,
            }
        }

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return every text that may be seen nowhere: of the key, its lines."""
        inner = [line for line in self.private_key.splitlines() if "-----" not in line]
        return (*PASSWORDS.values(), *(line for line in inner if len(line) > 20))

    def shown(self, text: str) -> list[str]:
        """Return the secrets that stand in a text."""
        return [secret for secret in self.secrets if secret in text]

    def root(self, host: str, command: str) -> str:
        done = self.lab.ssh(host, command)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout.strip()

    def readable_with_secrets(self, host: str) -> list[str]:
        """Return the files on a host with a secret in them that others than root can read."""
        patterns = base64.b64encode("\n".join(self.secrets).encode()).decode()
        return self.root(
            host,
            f"(umask 077; echo {patterns} | base64 -d >/root/patterns); "
            "find /etc /var /tmp /run /opt /home /root /srv /usr/local -xdev -type f "
            "\\( -perm /077 -o ! -user root \\) -print0 | xargs -0r grep -lFf /root/patterns; "
            "rm /root/patterns",
        ).splitlines()

    def changes(self, *arguments: str) -> dict[str, list[str]]:
        """Apply, and return what was changed on each host."""
        found = {h["host"]: h["operations"] for h in self.lab.json("apply", *arguments)["hosts"]}
        return {
            name: [o["name"] for o in operations if o["status"] == "changed"]
            for name, operations in found.items()
        }

    def bad(self) -> dict[str, dict[str, tuple[str, str]]]:
        """Verify, and return the checks of each host that are neither good nor not applicable."""
        hosts = self.lab.json("verify", "--role", "backup", code=None)["hosts"]
        return {
            h["host"]: {
                c["name"]: (c["outcome"], c["evidence"])
                for c in h["checks"]
                if c["outcome"] not in ("pass", "not applicable")
            }
            for h in hosts
        }

    def work_as_cron(self, host: str) -> dict[str, Any]:
        """Run the line of the cron file as cron does; return what nobody could see meanwhile."""
        script = base64.b64encode(_WATCH.encode()).decode()
        stop = "/run/deeprig-e2e-stop"
        return json.loads(
            self.root(
                host,
                f"rm -f {stop}; echo {script} | base64 -d >/tmp/watch.py; chmod 644 /tmp/watch.py; "
                f"runuser -u nobody -- python3 /tmp/watch.py {stop} & watcher=$!; "
                f"line=$(grep -v '^#' {CRON_FILE} | sed -n 's/^[*].* root //p'); "
                'cd /root; env -i HOME=/root LOGNAME=root PATH=/usr/bin:/bin /bin/sh -c "$line"; '
                f"code=$?; touch {stop}; wait $watcher; rm /tmp/watch.py {stop}; exit $code",
            )
        )

    def jobs(self, host: str, repository: str) -> dict[str, Any]:
        """Return the jobs that a host knows of, by their names."""
        done = self.lab.ssh(host, f"cat {_STATUS}/{repository}.json")
        return json.loads(done.stdout)["jobs"] if done.returncode == 0 else {}

    def all_done(self, host: str, repository: str) -> bool:
        """Say whether backup, check and drill have come to a good end."""
        jobs = self.jobs(host, repository)
        good = {name for name, job in jobs.items() if job["outcome"] == "good"}
        return good >= {"backup", "check", "drill"}

    def restic(self, host: str, repository: str, *words: str) -> str:
        """Run restic by hand, as root on the host."""
        of = f"-r {STORE}/{repository} --password-file {SECRETS}/{repository}.password"
        return self.root(host, f"restic {of} {shlex.join(words)}")


def until(seen: Any, what: str, seconds: float) -> Any:
    """Wait for a condition, with a bound."""
    end = time.monotonic() + seconds
    while not (found := seen()):
        assert time.monotonic() < end, f"not after {seconds} s: {what}"
        time.sleep(1)
    return found
