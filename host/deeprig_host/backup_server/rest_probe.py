"""Try one's own REST server: that it asks for a password, adds, and neither changes nor deletes.

Nobody has a client's password here, so at each start the server gets one more user with a random
one, and that user's repository holds a single file that is always the same.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import os
import secrets
import socket
import ssl
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from deeprig_host.backup_server.places import (
    HTPASSWD_FILE,
    OPEN_HTPASSWD_FILE,
    PROBE_FILE,
    REST_USER,
)
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.durable import place_text
from deeprig_host.machine.refusal import Refused

USER = "deeprig-probe"
_SECONDS = 20
_START_SECONDS, _POLL_SECONDS = 10.0, 0.1
_CONTENT = b"what deeprig asks whether it can be deleted\n"
_NAME = hashlib.sha256(_CONTENT).hexdigest()
_KEY_FILE = f"/{USER}/keys/{_NAME}"
_OPEN, _GROUP_READS, _CLOSED = 0o755, 0o640, 0o600
_REFUSED = (401, 403, 405)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was tried."""

    what: str
    is_good: bool
    told: str


def open_rest(machine: Machine) -> None:
    """Write who may come in, with a new password of the probe's. Raise Refused."""
    declared = machine.text(HTPASSWD_FILE)
    if declared is None:
        raise Refused(f"{HTPASSWD_FILE} is not there", remedy="`deeprig apply` places it")
    password = secrets.token_urlsafe(32)
    # 256 random bits need no slow hash, and there is no other in the standard library.
    digest = base64.b64encode(hashlib.sha1(password.encode()).digest()).decode()  # noqa: S324
    directory = machine.path(PROBE_FILE).parent
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(_OPEN)  # whatever the unit's umask is: the server's user goes through it
    place_text(machine.path(PROBE_FILE), password + "\n", _CLOSED)
    lines = f"{declared}\n{USER}:{{SHA}}{digest}\n".lstrip()
    place_text(machine.path(OPEN_HTPASSWD_FILE), lines, _CLOSED)
    if os.geteuid() == 0:
        import grp

        gid = grp.getgrnam(REST_USER).gr_gid
        os.chown(machine.path(OPEN_HTPASSWD_FILE), 0, gid)
    machine.path(OPEN_HTPASSWD_FILE).chmod(_GROUP_READS)


def ask_rest(machine: Machine, url: str) -> tuple[Finding, ...]:
    """Return what was tried at the REST server. Raise Refused where it cannot be asked."""
    password = machine.text(PROBE_FILE)
    if not password:
        raise Refused(
            f"{PROBE_FILE} is not there: the REST server was not started by its unit",
            remedy="systemctl restart deeprig-backup-rest.service",
        )
    try:
        _wait_until_it_listens(url)
        return _tried(_Asked(url, password))
    except (OSError, http.client.HTTPException) as error:
        raise Refused(
            f"the REST server at {url} does not answer: {error}",
            remedy="systemctl status deeprig-backup-rest.service",
            outcome="failed",
        ) from error


def _wait_until_it_listens(url: str) -> None:
    """Wait for a server that was started this moment. Raise OSError where it does not come up."""
    parts = urlsplit(url)
    end = time.monotonic() + _START_SECONDS
    while True:
        try:
            place = (parts.hostname, parts.port or 0)
            with socket.create_connection(place, timeout=_SECONDS):
                return
        except ConnectionRefusedError:
            if time.monotonic() > end:
                raise
            time.sleep(_POLL_SECONDS)


def _tried(asked: _Asked) -> tuple[Finding, ...]:
    nobody, _ = asked("GET", f"/{USER}/config", as_nobody=True)
    made, _ = asked("POST", f"/{USER}/?create=true")
    added, _ = asked("POST", _KEY_FILE, _CONTENT)
    # Where it was there from an earlier time, adding it again is refused: it is read below.
    changed, _ = asked("POST", _KEY_FILE, b"changed")
    deleted, _ = asked("DELETE", _KEY_FILE)
    code, content = asked("GET", _KEY_FILE)
    others, _ = asked("GET", "/another-client/config")
    is_there = code == 200 and content == _CONTENT
    return (
        Finding("it asks for a password", nobody == 401, f"without one: {nobody}"),
        Finding("it adds", is_there, f"create {made}, add {added}, read {code}"),
        Finding("it changes nothing", is_there and changed in _REFUSED, f"change: {changed}"),
        Finding("it deletes nothing", is_there and deleted in _REFUSED, f"delete: {deleted}"),
        Finding("others' repositories are closed", others in (401, 403), f"another's: {others}"),
    )


@dataclass(frozen=True, slots=True)
class _Asked:
    url: str
    password: str

    def __call__(
        self, method: str, path: str, body: bytes | None = None, *, as_nobody: bool = False
    ) -> tuple[int, bytes]:
        """Return status and content of one request; each has a connection of its own."""
        connection = self._connection()
        token = base64.b64encode(f"{USER}:{self.password}".encode()).decode()
        headers = {} if as_nobody else {"Authorization": f"Basic {token}"}
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read(len(_CONTENT) + 1)
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        parts = urlsplit(self.url)
        place = (parts.hostname or "", parts.port)
        if parts.scheme == "http":
            return http.client.HTTPConnection(*place, timeout=_SECONDS)
        # It is this machine, asked at its own address, which its certificate need not name.
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return http.client.HTTPSConnection(*place, timeout=_SECONDS, context=context)
