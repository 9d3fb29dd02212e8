"""A workstation that backs up, and the host that keeps it: what is declared, and what is seen."""

from __future__ import annotations

import json
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deeprig.lab.state import BRIDGE_ADDRESS, PROXY_PORT
from tests.e2e.own_certificate import certificate_for
from tests.e2e.running import LabDirectory

DATA = "/srv/deeprig-e2e-work"
STORE = "/srv/backup"
ROOM = "/etc/deeprig/backup_server"
PYTHON = "/opt/deeprig/environment/bin/python"
PASSWORD = "hush-of-a-repository-7"  # noqa: S105
REST_PASSWORD = "rest-hush-7"  # noqa: S105
#: bcrypt of REST_PASSWORD, at the least cost that is taken for good.
REST_HASH = "$2b$05$abcdefghijklmnopqrstuu8gaKtEVohfTJi9LpTRcARlb.U0g6OdO"
#: The clients of the server that this workstation is, by its repositories there.
SFTP_CLIENT, REST_CLIENT = "sftp-of-ws", "rest-of-ws"
_ATTACK = Path(__file__).with_name("backup_server_attack.py")
_CLEAN_SERVER = f"""
systemctl disable -q --now deeprig-backup-rest.service deeprig-backup-prune.timer
rm -rf /etc/systemd/system/deeprig-backup-* /etc/ssh/sshd_config.d/30-deeprig-backup.conf
systemctl reset-failed -q 'deeprig-backup-*'
systemctl daemon-reload; systemctl try-reload-or-restart ssh.service
rm -rf {ROOM} {STORE} /var/lib/deeprig/backup_server /var/lib/deeprig/status/backup_server.json
for user in $(sed -n 's/^\\(backup-[^:]*\\):.*/\\1/p' /etc/passwd); do userdel -f $user; done
"""
_CLEAN_CLIENT = f"""
rm -rf /etc/cron.d/deeprig-backup /etc/deeprig/backup /etc/deeprig/backup.conf {DATA}
rm -rf /var/lib/deeprig/backup /var/lib/deeprig/status/backup.json /var/cache/deeprig/restic
"""


@dataclass
class ServedLab:
    """A lab directory for the two machines: ``nas`` keeps what ``ws`` backs up."""

    lab: LabDirectory
    nas: str
    ws: str
    prune: dict[str, Any] | None = None

    def prepare(self) -> None:
        """Have data to back up, keys, and a certificate of the server's own."""
        self.clean()
        self.root(
            self.ws,
            f"mkdir -p {DATA}/sub && head -c 3000000 /dev/urandom >{DATA}/runs.bin "
            f"&& seq 9999 >{DATA}/sub/notes.txt",
        )
        for name in ("append", "sftp", "other"):
            path = self.lab.path / f"{name}.key"
            words = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(path))
            subprocess.run(words, check=True, timeout=60)
        own = certificate_for(self.address)
        self.lab.write("nas.crt", own.certificate)
        self.lab.write("nas.key", own.key)
        self.lab.write("password", f"{PASSWORD}\n")
        self.lab.write(
            "deploy/workstation.py",
            "from deeprig.compose import deploy_roles\n"
            "deploy_roles('base', 'backup', 'backup_server')\n",
        )

    def clean(self) -> None:
        """Have the machines as other tests expect them."""
        self.lab.ssh(self.nas, _CLEAN_SERVER)
        self.lab.ssh(self.ws, _CLEAN_CLIENT)

    @property
    def address(self) -> str:
        """Return the server's address in the lab's network."""
        return {host.name: host.address for host in self.lab.state.hosts}[self.nas]

    def declare(self) -> None:
        """Declare both machines."""
        settings = self.lab.base_settings()
        settings["packages"] = ["less", "curl"]
        proxy = f"http://{BRIDGE_ADDRESS}:{PROXY_PORT}"
        near = ["localhost", "127.0.0.1", BRIDGE_ADDRESS, self.address]
        reach = {"http_proxy": proxy, "https_proxy": proxy, "no_proxy": near}
        self.lab.data(base=settings, network_access=reach)
        self.lab.hosts(
            **{
                self.nas: {
                    "roles": ["base", "backup_server"],
                    "backup_server": self.server_settings(),
                },
                self.ws: {
                    "roles": ["base", "backup"],
                    "backup": {"sources": [DATA], "repositories": self.repositories()},
                },
            }
        )

    def declare_no_server(self) -> None:
        """Declare that the server keeps nothing any more; nobody's repository names it."""
        self.lab.hosts(
            **{
                self.nas: {"roles": ["base", "backup_server"]},
                self.ws: {"roles": ["base"]},
            }
        )

    def server_settings(self) -> dict[str, Any]:
        """Return what the server keeps: three kinds of access, and another machine's."""
        append = {"access": "append", "public_key": self.public_key("append")}
        if self.prune is not None:
            append["prune"] = {"password": {"file": "password"}} | self.prune
        return {
            "address": self.address,
            "clients": {
                self.ws: append,
                SFTP_CLIENT: {"access": "sftp", "public_key": self.public_key("sftp")},
                REST_CLIENT: {"access": "rest", "password_hash": REST_HASH},
                "other": {"access": "append", "public_key": self.public_key("other")},
            },
            "rest": {"tls": {"certificate": "nas.crt", "key": {"file": "nas.key"}}},
        }

    def repositories(self) -> dict[str, Any]:
        """Return where the workstation's backups go."""
        host_key = self.root(self.nas, "cat /etc/ssh/ssh_host_ed25519_key.pub").strip()
        new = {"password": {"file": "password"}, "create": True, "jitter_minutes": 0}
        # By hand only: what cron begins in its quarter of an hour would be in the way.
        new |= {"check_period_days": 0, "drill_period_days": 0}
        url = f"rest:https://{REST_CLIENT}:{REST_PASSWORD}@{self.address}:8000/{REST_CLIENT}/"
        return {
            "append": {
                "server": self.nas,
                "ssh_key": {"file": "append.key"},
                "host_key": host_key,
                **new,
            },
            "sftp": {
                "url": f"sftp://backup-{SFTP_CLIENT}@{self.address}//restic",
                "ssh_key": {"file": "sftp.key"},
                "host_key": host_key,
                **new,
            },
            "rest": {
                "environment": {"RESTIC_REPOSITORY": url},
                "ca_certificate": "nas.crt",
                "prune": "elsewhere",
                **new,
            },
        }

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return every text that may be seen nowhere: of the private keys, their lines."""
        names = ("nas.key", "append.key", "sftp.key")
        lines = [line for name in names for line in self._lines(name) if "-----" not in line]
        return (PASSWORD, REST_PASSWORD, REST_HASH, *lines)

    def _lines(self, name: str) -> list[str]:
        text = (self.lab.path / name).read_text(encoding="utf-8")
        return [line for line in text.splitlines() if len(line) > 20]

    def fill_others(self) -> None:
        """Have something of other clients on the server, over SSH and over REST."""
        for directory, user in (
            (f"{STORE}/other/restic", "backup-other"),
            (f"{STORE}/rest/other-of-rest", "backup-rest"),
        ):
            self.root(
                self.nas,
                f"install -d -m 700 -o {user} {directory} && echo of another >{directory}/config "
                f"&& chown {user} {directory}/config",
            )

    def public_key(self, name: str) -> str:
        """Return one of the keys that were made, as its .pub file has it."""
        return (self.lab.path / f"{name}.key.pub").read_text().strip()

    def root(self, host: str, command: str, code: int | None = 0) -> str:
        """Run a command on a host as root, check its exit code, and return what it printed."""
        done = self.lab.ssh(host, command)
        shown = f"{command}\nexit {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert code is None or done.returncode == code, shown
        return done.stdout

    def back_up(self, *repositories: str) -> None:
        """Back the workstation up, now."""
        chosen = " ".join(f"--repository {name}" for name in repositories)
        self.root(self.ws, f"{PYTHON} -m deeprig_host.backup run --wait 120 {chosen}")

    def backup_program(self, command: str, code: int | None = 0) -> str:
        """Run a command of the backup program on the workstation."""
        return self.root(self.ws, f"{PYTHON} -m deeprig_host.backup {command}", code)

    def attack(self, way: str, repository: str) -> Any:
        """Attack one of the workstation's repositories, and return what the server answered."""
        self.root(
            self.ws, f"cat >/tmp/attack.py <<'END'\n{_ATTACK.read_text(encoding='utf-8')}\nEND\n"
        )
        return json.loads(self.root(self.ws, f"{PYTHON} /tmp/attack.py {way} {repository}"))

    def restic(self, name: str, *words: str, code: int | None = 0) -> str:
        """Run restic on the workstation with the secrets of a repository, as an attacker has it."""
        program = (
            "import sys; from pathlib import Path; "
            "from deeprig_host.backup.config import read_configuration; "
            "from deeprig_host.backup.restic import Restic; "
            "from deeprig_host.machine.commands import Machine; m = Machine(Path('/')); "
            "a = Restic(m).run(tuple(sys.argv[2:]), read_configuration(m).repository(sys.argv[1]));"
            "print(*a.lines, sep='\\n'); print(*a.errors, sep='\\n', file=sys.stderr); "
            "sys.exit(a.code)"
        )
        return self.root(self.ws, shlex.join((PYTHON, "-c", program, name, *words)), code)

    def files(self, directory: str) -> dict[str, str]:
        """Return the SHA-256 of every file in a directory of the server, without locks."""
        told = self.root(
            self.nas,
            f"cd {directory} && find . -type f ! -path '*/locks/*' -exec sha256sum {{}} +",
        )
        return {line[66:]: line[:64] for line in told.splitlines()}

    def restored(self, directory: str, snapshot: str) -> dict[str, str]:
        """Restore a snapshot on the server, as after a theft; return its files' SHA-256."""
        told = self.root(
            self.nas,
            f"rm -rf /tmp/back && export RESTIC_PASSWORD={PASSWORD} && restic --no-cache -q "
            f"--no-lock -r {directory} restore {snapshot} --target /tmp/back >&2 && "
            f"cd /tmp/back{DATA} && find . -type f -exec sha256sum {{}} +",
        )
        return {line[66:]: line[:64] for line in told.splitlines()}

    def set_aside(self, directory: str, since: str) -> None:
        """Remove what came to a repository after a file of the server's was touched.

        rclone has a name with dots in wide ones, and lists what lies below as the files above.
        """
        self.root(
            self.nas,
            f"find {directory} -type f -newer {since} -delete && "
            f"find {directory} -depth -type d -name '\uff0e*' -exec rm -r {{}} +",
        )

    def originals(self) -> dict[str, str]:
        """Return the SHA-256 of the workstation's own files."""
        told = self.root(self.ws, f"cd {DATA} && find . -type f -exec sha256sum {{}} +")
        return {line[66:]: line[:64] for line in told.splitlines()}

    def changes(self) -> dict[str, list[str]]:
        """Apply once more, and return what was changed, by host."""
        found = {h["host"]: h["operations"] for h in self.lab.json("apply")["hosts"]}
        return {
            name: [o["name"] for o in operations if o["status"] == "changed"]
            for name, operations in found.items()
        }

    def bad(self, host: str) -> dict[str, tuple[str, str]]:
        """Verify the server's role, and return each check that is not good, with its evidence."""
        words = ("verify", "--role", "backup_server", "--limit", host)
        (found,) = self.lab.json(*words, code=None)["hosts"]
        return {
            c["name"]: (c["outcome"], c["evidence"])
            for c in found["checks"]
            if c["outcome"] not in ("pass", "not applicable")
        }
