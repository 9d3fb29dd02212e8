"""A package index with TLS on a throwaway host: what stands outside of a lab's cache (simulated).

Two servers on one machine, ``origin.lab``: one with a certificate that the lab trusts, one without.
Both have one project, whose page names its file with the whole address, as real indexes do.
"""

from __future__ import annotations

import shlex

from tests.e2e.own_certificate import Certificate

NAME, TRUSTED_PORT, ROGUE_PORT = "origin.lab", 8443, 8444
DIRECTORY = "/srv/tls-origin"
WHEEL = "demo-1.0-py3-none-any.whl"
_SERVE = """
import http.server, ssl, sys
handler = http.server.SimpleHTTPRequestHandler
server = http.server.ThreadingHTTPServer(("", int(sys.argv[1])), handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[2])
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
"""


def serving_script(trusted: Certificate, rogue: Certificate) -> str:
    """Return shell text that serves both, and waits until they listen."""
    page = f'<a href="https://{NAME}:{TRUSTED_PORT}/files/{WHEEL}">{WHEEL}</a>\n'
    lines = [
        f"rm -rf {DIRECTORY} && mkdir -p {DIRECTORY}/simple/demo {DIRECTORY}/files",
        f"cd {DIRECTORY} && head -c 20000000 /dev/urandom >files/{WHEEL}",
        f"printf %s {shlex.quote(page)} >simple/demo/index.html",
    ]
    for port, one in ((TRUSTED_PORT, trusted), (ROGUE_PORT, rogue)):
        pem, unit = f"/root/origin-{port}.pem", f"tls-origin-{port}"
        lines += [
            f"printf %s {shlex.quote(one.certificate + one.key)} >{pem}",
            f"systemd-run -q --unit {unit} --working-directory {DIRECTORY} "
            f"/usr/bin/python3 -c {shlex.quote(_SERVE)} {port} {pem}",
            f"for i in $(seq 200); do (: >/dev/tcp/127.0.0.1/{port}) 2>/dev/null && break; "
            "sleep 0.1; done",
        ]
    return "\n".join(lines)


STOPPING = f"""
systemctl stop tls-origin-{TRUSTED_PORT} tls-origin-{ROGUE_PORT}
rm -rf {DIRECTORY} /root/origin-*.pem
"""
