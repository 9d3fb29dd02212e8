"""Runs as root on the workstation, with all that is there: whatever deletes or changes backups.

Answers one JSON document: what was tried, and how the server answered. It is copied to the host.
"""

import json
import os
import shutil
import socket
import socketserver
import subprocess
import sys
import threading
import time
from multiprocessing.pool import ThreadPool
from pathlib import Path

from deeprig_host.backup.config import read_configuration
from deeprig_host.backup.credentials import credentials
from deeprig_host.backup.reach import reach_words
from deeprig_host.backup.restic import Restic
from deeprig_host.machine.commands import Machine, environment_of, run

MACHINE = Machine(Path("/"))
#: The port on which one's own SSH connection is offered to curl.
_PORT = 9471
_RESTIC_SECONDS = 5
_AT_ONCE = 4
#: What GET brought.
_GOT = Path("/tmp/attack-got")
#: Files of others, and of the server: what is got is looked at, since a name may lead to one's own.
_OTHERS = (
    "../other/restic/config",
    "../../other/restic/config",
    "..%2f..%2fother%2frestic%2fconfig",
    "../other-of-rest/config",
    "..%2fother-of-rest%2fconfig",
    "../../../../etc/passwd",
    "..%2f..%2f..%2f..%2fetc%2fpasswd",
)
_LISTED = ("snapshots", "--json", "--no-lock")
#: Each of them with the names that the repository has.
_KINDS = ("data", "index", "snapshots", "keys")


def repository_of(name):
    return read_configuration(MACHINE).repository(name)


def by_restic(name):
    """Every command of restic's that takes something away, with the secrets that are there."""
    repository = repository_of(name)
    ids = [row["id"] for row in Restic(MACHINE).run(_LISTED, repository).document()]
    Path("/tmp/new-password").write_text("of the attacker\n")
    tried = {
        "forget": ("forget", *ids),
        "forget --prune": ("forget", "--prune", "--keep-last", "1"),
        "tag": ("tag", "--set", "gone", *ids),
        "key passwd": ("key", "passwd", "--new-password-file", "/tmp/new-password"),
        "unlock": ("unlock", "--remove-all"),
    }
    told = environment_of() | credentials(MACHINE, repository)
    options = reach_words(MACHINE, repository)
    # What is refused restic tries again for a quarter of an hour: it is killed before.
    return {
        what: run("restic", *options, *words, seconds=_RESTIC_SECONDS, environment=told).code
        for what, words in tried.items()
    }


class Bridge(socketserver.BaseRequestHandler):
    """A connection of curl's is a connection of ssh's: what rclone answers, curl gets."""

    def handle(self):
        subprocess.run(
            self.server.ssh, stdin=self.request, stdout=self.request, stderr=subprocess.DEVNULL
        )


def by_http(name):
    """Delete and overwrite each kind of file, by its own name and by names that lead to it."""
    repository = repository_of(name)
    words = reach_words(MACHINE, repository)
    names = names_in(repository)
    if repository.url.startswith("rclone+ssh:"):
        socketserver.ThreadingTCPServer.allow_reuse_address = True
        with socketserver.ThreadingTCPServer(("127.0.0.1", _PORT), Bridge) as server:
            server.daemon_threads = True
            server.ssh = words[1].removeprefix("rclone.program=").split()
            threading.Thread(target=server.serve_forever, daemon=True).start()
            told = ask_all(f"http://127.0.0.1:{_PORT}", ["--http2-prior-knowledge"], names)
            server.shutdown()
        return told
    url = credentials(MACHINE, repository)["RESTIC_REPOSITORY"].removeprefix("rest:").rstrip("/")
    return ask_all(url, ["--cacert", repository.ca_file], names)


def names_in(repository):
    restic = Restic(MACHINE)
    found = {
        kind: restic.run(
            ("list", kind if kind != "data" else "packs", "--no-lock"), repository
        ).lines[0]
        for kind in _KINDS
    }
    return {kind: name.split()[0] for kind, name in found.items()}


def ask_all(base, options, names):
    """Ask everything; return each status, and whether others' files were seen."""
    files = {kind: f"{kind}/{name}" for kind, name in names.items()} | {"config": "config"}
    methods = dict.fromkeys(files, ("GET", "DELETE", "POST"))
    methods["snapshots"] += ("PUT", "PATCH", "MOVE", "COPY")
    asked = [(f"{m} {kind}", m, path) for kind, path in files.items() for m in methods[kind]]
    for path in detours(files, names["data"]):
        asked += [(f"{method} /{path}", method, path) for method in ("DELETE", "POST")]
    for path in _OTHERS:
        asked += [(f"{method} /{path}", method, path) for method in ("GET", "DELETE", "POST")]
    shutil.rmtree(_GOT, ignore_errors=True)
    _GOT.mkdir()
    requests = [request(base, options, one, number) for number, one in enumerate(asked)]
    with ThreadPool(_AT_ONCE) as pool:
        codes = pool.map(status, requests)
    answers = {what: code for (what, *_), code in zip(asked, codes, strict=True)}
    texts = [path.read_text(encoding="utf-8", errors="replace") for path in _GOT.iterdir()]
    return answers | {"SEEN": int(any("of another" in t or "root:" in t for t in texts))}


def detours(files, pack):
    """Names that lead to what may not be touched, for a server that reads them carelessly."""
    snapshot = files["snapshots"]
    return (
        f"locks/../{snapshot}",
        f"locks/..%2f{snapshot.replace('/', '%2f')}",
        f"locks//../{snapshot}",
        f"./{snapshot}",
        f"/{snapshot}",
        f"{snapshot}/",
        f"{snapshot}/../../locks/x",
        f"data/{pack[:2]}/{pack}",
        f"{files['data']}%00",
        "data/",
        "snapshots/",
        "",
        "?create=true",
    )


def request(base, options, one, number):
    """Return curl's words for one request; each is asked whatever became of those before."""
    _, method, path = one
    body = [] if method in ("GET", "DELETE") else ["--data-binary", "not what it was"]
    told = ["-s", "--path-as-is", "-m", "20", "-w", "%{http_code}\n", "-o", f"{_GOT}/{number}"]
    return [*told, *options, "-X", method, *body, f"{base}/{path}"]


def status(words):
    """Return the status of one request, 0 where there is no answer.

    Each has a connection of its own: curl 7.88 does not use one twice that began as HTTP/2.
    """
    done = subprocess.run(["curl", *words], capture_output=True, text=True)
    return int(done.stdout or 0)


def by_ssh(name):
    """A shell, files, other commands, tunnels and others' users, with the repository's key."""
    ssh = reach_words(MACHINE, repository_of(name))[1].partition("=")[2].split()
    ssh = ssh[:-2] if ssh[-1] == "sftp" else ssh
    target = ssh.pop()
    other = "backup-other@" + target.partition("@")[2]
    say = "echo its-a-shell $(id -un)"
    tried = {
        "shell": [*ssh, target],
        "command": [*ssh, target, say],
        "terminal": [*ssh, "-tt", target, say],
        "delete": [*ssh, target, "rm -rf /srv/backup"],
        "another rclone": [*ssh, target, "rclone serve restic --stdio /srv/backup"],
        "another user": [*ssh, other, say],
        "root": [*ssh, "root@" + target.partition("@")[2], say],
        "tunnel": [*ssh, "-o", "ClearAllForwardings=no", "-W", "127.0.0.1:22", target],
        "environment": [
            *ssh,
            "-o",
            "SetEnv=LD_PRELOAD=/tmp/x RCLONE_APPEND_ONLY=false",
            target,
            say,
        ],
    }
    return {what: outcome(words) for what, words in tried.items()} | {
        "forward": forward(ssh, target)
    }


def outcome(words):
    done = run(*words, seconds=20, stdin="echo its-a-shell\n")
    return {"code": done.code, "shell": "its-a-shell" in done.out, "banner": "SSH-2.0" in done.out}


def forward(ssh, target):
    """Whether a port of the server's own loopback can be had through it."""
    words = [*ssh, "-o", "ClearAllForwardings=no", "-L", f"{_PORT}:127.0.0.1:22", target]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        banner = b""
        while process.poll() is None and not banner:
            try:
                with socket.create_connection(("127.0.0.1", _PORT), timeout=3) as connection:
                    banner = connection.recv(7) or b"nothing"
            except ConnectionRefusedError:
                time.sleep(0.05)  # ssh is still on its way to listen
            except (TimeoutError, ConnectionResetError):
                banner = b"nothing"
        process.kill()
    return {"code": None, "shell": False, "banner": banner.startswith(b"SSH-2.0")}


def by_sftp(name):
    """Whatever an sftp client can take away, its own repository's files first."""
    words = reach_words(MACHINE, repository_of(name))[1].partition("=")[2].split()
    batch = Path("/tmp/batch")
    found = {}
    for what, line in {
        "leaves its root": "get /../../etc/passwd /tmp/attack-sftp",
        "reads another's": "ls /srv/backup/other",
        "reads the server's": "get /etc/passwd /tmp/attack-sftp",
        "writes in its root": "mkdir /elsewhere",
        "removes its root": "rename /restic /gone",
        "deletes its own": "rm /restic/config",
    }.items():
        batch.write_text(line + "\n")
        sftp = ["sftp", "-b", str(batch), "-S", "/tmp/ssh-of-attack", "nas"]
        Path("/tmp/ssh-of-attack").write_text(f"#!/bin/sh\nexec {' '.join(words)}\n")
        Path("/tmp/ssh-of-attack").chmod(0o700)
        found[what] = run(*sftp, seconds=30).code
    return found


if __name__ == "__main__":
    os.environ.update(environment_of())
    attacks = {"restic": by_restic, "http": by_http, "ssh": by_ssh, "sftp": by_sftp}
    sys.stdout.write(json.dumps(attacks[sys.argv[1]](sys.argv[2])))
