"""A lab that watches itself, on real hosts: real exporter, Prometheus, Alertmanager and notifier.

The GPUs are SIMULATED (tests/sim/thermal), and so is the cooling daemon of which the metrics tell;
all that reads, keeps, judges and tells them is the real thing, and so is the backup (its
configuration is written here: the role backup has tests of its own).
"""

import base64
import json
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.e2e.running import ROOT, LabDirectory
from tests.sim.thermal.api import Machine, build_library
from tests.sim.thermal.cards import OLD_DRIVER, OPEN_AIR_350, PASSIVE_300

#: Debian 13 watches Debian 12; rig2 and rig3 are also hosts of other tests.
SERVER, WATCHED = "rig2", "rig3"
FILES = ROOT / "roles" / "monitoring" / "files"
TOKEN = "token-of-the-lab-0815"  # noqa: S105 - it must not be seen anywhere
LIBRARY = "/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.1"
PLANT = "/run/deeprig-sim-thermal"
_DROP_IN = "/etc/systemd/system/deeprig-metrics.service.d/simulated.conf"
INTERVAL_SECONDS = 5
#: An alert waits a minute; then there are the steps from the card to a person.
_TOLD_SECONDS = 180
#: Keeps what is sent to it: a chat, a pager, whatever listens to alerts.
_RECEIVER = """
import http.server, os
received = []
class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        # Alertmanager ends its document with a newline of its own.
        received.append(self.path.encode() + b" " + body.strip() + b"\\n")
        # As a whole: whoever reads meanwhile must not find half a line.
        with open("/run/received.new", "wb") as file:
            file.writelines(received)
        os.replace("/run/received.new", "/run/received")
        self.send_response(200)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", 5001), Receiver).serve_forever()
"""
_ASK = """
import json, sys, urllib.error, urllib.parse, urllib.request
direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
for query in json.load(sys.stdin):
    url = "http://127.0.0.1:9090/api/v1/query?" + urllib.parse.urlencode({"query": query})
    try:
        answer = json.load(direct.open(url, timeout=20))
    except urllib.error.HTTPError as error:
        answer = {"status": "error", "error": error.read().decode()}
    print(json.dumps(answer))
"""
#: Declares a power limit; it is never started.
_POWER_UNIT = "/etc/systemd/system/deeprig-nvidia-power.service"
_BACKUP = """[backup]
sources = /etc
[repository disk]
url = /srv/monitored-backup
password_file = /etc/deeprig/monitored-backup.password
create = yes
keep_daily = 2
check_subset = 1/1
"""
_BACKUP_PROGRAM = "/opt/deeprig/environment/bin/python -m deeprig_host.backup"
_BACKUP_PASSWORD = "/etc/deeprig/monitored-backup.password"  # noqa: S105 - a path
_BACK_UP = f"""
set -e
DEBIAN_FRONTEND=noninteractive apt-get install -y -q restic > /dev/null
(umask 077; echo correct horse > {_BACKUP_PASSWORD})
{_BACKUP_PROGRAM} work
"""
_PACKAGES = "prometheus prometheus-alertmanager prometheus-node-exporter restic"
_CLEAN = f"""
systemctl stop receiver.service; systemctl reset-failed receiver.service
systemctl disable --now deeprig-metrics.service deeprig-alerts.timer
DEBIAN_FRONTEND=noninteractive apt-get purge -y {_PACKAGES}
rm -rf /etc/systemd/system/prometheus*.service.d /etc/systemd/system/deeprig-metrics.service
rm -rf /etc/systemd/system/deeprig-alerts.* /etc/deeprig/alerts.* /etc/deeprig/prometheus
rm -rf /etc/deeprig/grafana /etc/grafana/provisioning /var/lib/prometheus /var/lib/deeprig/status
rm -rf /var/lib/deeprig/alerts /var/lib/deeprig/xid* {LIBRARY} {PLANT} /run/received
rm -rf /etc/deeprig/backup.conf {_BACKUP_PASSWORD} /srv/monitored-backup
rm -rf /var/lib/deeprig/backup /var/cache/deeprig/restic /run/deeprig/backup
rm -rf {_POWER_UNIT} /run/deeprig/cooling/status.json /etc/systemd/system/deeprig-metrics.service.d
systemctl daemon-reload
"""


class WatchedLab:
    """A lab of two hosts: one watches, one is watched and has three simulated GPUs."""

    def __init__(self, lab: LabDirectory):
        self.lab = lab
        self.addresses = {host.name: host.address for host in lab.state.hosts}
        lab.write(
            "deploy/workstation.py",
            "from deeprig.compose import deploy_roles\ndeploy_roles('base', 'monitoring')\n",
        )
        self.declare()

    def declare(self, server=SERVER, watched=WATCHED, **more):
        """Declare who watches (None: nobody) and who tells by itself."""
        hook = {"url": f"http://127.0.0.1:5001/notifier?{TOKEN}"}
        told = {"webhook": {"url": "http://127.0.0.1:5001/alertmanager"}, "group_wait_seconds": 0}
        self.lab.data(base=self.lab.base_settings(), roles=["base", "monitoring"])
        common = {"interval_seconds": INTERVAL_SECONDS}
        entries = {
            name: common | {"exporter": {"address": self.addresses[name]}}
            for name in (SERVER, WATCHED)
        }
        if server is not None:
            entries[server] |= {"server": {"alertmanager": told} | more}
        entries[watched] |= {"notify": {"webhook": hook}}
        self.lab.hosts(**{name: {"monitoring": data} for name, data in entries.items()})

    def root(self, host, command):
        done = self.lab.ssh(host, command)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout.strip()

    def put(self, host, path, content):
        text = base64.b64encode(content).decode()
        target = self.lab.state.host(host)
        subprocess.run(
            [
                *(
                    "ssh",
                    "-F",
                    "/dev/null",
                    "-i",
                    str(self.lab.state.key),
                    "-p",
                    str(target.ssh_port),
                ),
                *("-o", f"UserKnownHostsFile={self.lab.state.known_hosts}", "-o", "LogLevel=ERROR"),
                *("root@127.0.0.1", f"mkdir -p $(dirname {path}) && base64 -d > {path}"),
            ],
            input=text,
            text=True,
            check=True,
            timeout=60,
        )

    def receive(self, host):
        """Have somebody who listens to alerts, on the host's own loopback."""
        self.put(host, "/run/receiver.py", _RECEIVER.encode())
        self.root(host, "systemd-run -q --unit=receiver /usr/bin/python3 /run/receiver.py")

    def received(self, host):
        """Return what was sent there: path and document."""
        lines = self.root(host, "cat /run/received 2>/dev/null || true").splitlines()
        pairs = (line.partition(" ") for line in lines)
        return [(path, json.loads(document)) for path, _, document in pairs]

    def ask(self, *queries, host=SERVER):
        """Return Prometheus' answer to each query: its series, or None where it is no query."""
        given = base64.b64encode(json.dumps(queries).encode()).decode()
        script = base64.b64encode(_ASK.encode()).decode()
        run = f'echo {given} | base64 -d | python3 -c "$(echo {script} | base64 -d)"'
        answers = [json.loads(line) for line in self.root(host, run).splitlines()]
        assert len(answers) == len(queries)
        return [a["data"]["result"] if a["status"] == "success" else None for a in answers]

    def changes(self, *arguments):
        hosts = self.lab.json("apply", *arguments)["hosts"]
        found = {h["host"]: h["operations"] for h in hosts}
        return {
            name: [o["name"] for o in operations if o["status"] == "changed"]
            for name, operations in found.items()
        }

    def bad(self, *arguments):
        """Return the checks of each host that did not pass."""
        hosts = self.lab.json("verify", "--role", "monitoring", *arguments, code=None)["hosts"]
        return {
            h["host"]: {c["name"]: c["outcome"] for c in h["checks"] if c["outcome"] != "pass"}
            for h in hosts
        }


def until(seen, what, seconds=60):
    """Wait for a condition, with a bound."""
    end = time.monotonic() + seconds
    while not (found := seen()):
        assert time.monotonic() < end, f"not after {seconds} s: {what}"
        time.sleep(1)
    return found


@pytest.fixture(scope="module")
def watched(hosts, channel, tmp_path_factory):
    """The lab, applied once; what was placed is taken away after."""
    lab = LabDirectory(tmp_path_factory.mktemp("monitoring") / "lab", hosts, channel)
    lab.path.mkdir()
    found = WatchedLab(lab)
    for name in (SERVER, WATCHED):
        lab.ssh(name, _CLEAN)
    library = build_library(tmp_path_factory.mktemp("nvml"))
    found.put(WATCHED, LIBRARY, library.read_bytes())
    cards = Machine((OPEN_AIR_350, PASSIVE_300, OLD_DRIVER))
    found.put(WATCHED, f"{PLANT}/gpus.ini", cards.text().encode())
    # SIMULATED cards keep their state in a file that every reader writes.
    found.put(WATCHED, _DROP_IN, f"[Service]\nReadWritePaths={PLANT}\n".encode())
    found.root(WATCHED, f"mkdir -p {PLANT}/set/0 {PLANT}/faults/0; echo 100 > {PLANT}/set/0/load")
    # An alert about a hot card waits a minute: it begins now.
    found.root(WATCHED, f"echo 90 > {PLANT}/faults/0/temperature")
    for name in (SERVER, WATCHED):
        found.receive(name)
    found.first = lab.json("apply")
    yield found
    for name in (SERVER, WATCHED):
        lab.ssh(name, _CLEAN)
    shutil.rmtree(lab.path)


def test_a_lab_is_watched_proven_and_unchanged_by_a_second_apply(watched):
    assert watched.changes() == {SERVER: [], WATCHED: []}
    report = watched.lab.json("verify")
    assert {host["status"] for host in report["hosts"]} == {"passed"}
    names = {c["name"] for h in report["hosts"] if h["host"] == SERVER for c in h["checks"]}
    assert {f"{WATCHED} is watched", f"{SERVER} is watched", "the rules are loaded"} <= names
    # Nothing is open but the exporter of the machine that is watched from elsewhere.
    assert ":9100" in watched.root(WATCHED, "ss -Hltn")
    for port in (9090, 9093, 9094, 9100):
        open_to_all = [f"0.0.0.0:{port}", f"*:{port}", f"[::]:{port}"]
        listening = watched.root(SERVER, "ss -Hltn")
        assert not [socket for socket in open_to_all if socket in listening]
    # What was applied and proven are numbers too.
    for what in ("apply", "verify"):
        query = f'deeprig_status_ok{{what="{what}",instance="{WATCHED}"}} == 1'
        until(lambda query=query: watched.ask(query)[0], f"the last {what} is a metric")


def test_a_secret_is_only_in_the_file_that_nobody_else_reads(watched):
    conf = "/etc/deeprig/alerts.conf"
    assert TOKEN in watched.root(WATCHED, f"cat {conf}")
    assert watched.root(WATCHED, f"stat -c %a:%U {conf}") == "600:root"
    proxy = "/etc/deeprig/alerts.environment"
    assert watched.root(WATCHED, f"stat -c %a:%U {proxy}") == "600:root"
    files = watched.root(WATCHED, "systemctl show -P EnvironmentFiles deeprig-alerts.service")
    assert proxy in files
    # Neither in what was uploaded nor beside it.
    left = watched.root(WATCHED, "find /tmp /var/tmp /run/deeprig /etc/deeprig -type f")
    assert "deeprig-new" not in left
    assert "/staged/" not in left
    assert TOKEN not in json.dumps(watched.first)
    watched.root(WATCHED, f"mv {conf} /root/")
    try:
        plan = watched.lab.run("plan")
    finally:
        watched.root(WATCHED, f"mv /root/alerts.conf {conf}")
    assert "alerts.conf" in plan.stdout
    assert TOKEN not in plan.stdout + plan.stderr
    for report in (watched.lab.path / "reports").iterdir():
        assert TOKEN not in report.read_text()


#: No host of these tests has them: a loaded module, a kernel package, a count of updates, a disk,
#: repositories of others.
_NOT_HERE = (
    "deeprig_backup_server",
    "deeprig_driver_info",
    "deeprig_kernel_info",
    "deeprig_updates_pending",
    "node_filesystem_avail_bytes",
)
_XID = {"time": 0, "address": "0000:01:00.0", "code": 31, "text": "SIMULATED"}


def test_every_query_of_every_panel_has_data(watched):
    now = time.time()
    watched.put(WATCHED, _POWER_UNIT, b"[Service]\nExecStart=/usr/bin/nvidia-smi -pl 250\n")
    watched.put(WATCHED, "/etc/deeprig/backup.conf", _BACKUP.encode())
    assert "drill of disk: good" in watched.root(WATCHED, _BACK_UP)
    watched.put(
        WATCHED, "/var/lib/deeprig/xid.jsonl", json.dumps(_XID | {"time": now}).encode() + b"\n"
    )
    cooling = cooling_status(watched, now)
    watched.put(WATCHED, "/run/deeprig/cooling/status.json", json.dumps(cooling).encode())
    pid = watched.root(WATCHED, "systemctl show -p MainPID --value prometheus-node-exporter")
    watched.root(WATCHED, f"echo {pid} 300 > {PLANT}/set/0/compute_processes")
    queries = panel_queries()
    assert len(queries) > 60

    def empty():
        answers = watched.ask(*queries)
        assert None not in answers, queries[answers.index(None)]
        missing = [query for query, rows in zip(queries, answers, strict=True) if not rows]
        return [query for query in missing if not any(name in query for name in _NOT_HERE)]

    last = []

    def is_full():
        last[:] = empty()
        return not last

    try:
        until(is_full, "data on every panel", 90)
    except AssertionError as error:
        raise AssertionError(f"{error}: {last}") from error
    finally:
        watched.root(WATCHED, "rm /run/deeprig/cooling/status.json")  # it would soon be stale


def test_a_backup_that_fails_is_told_by_the_machine_itself(watched):
    watched.put(WATCHED, "/etc/deeprig/backup.conf", _BACKUP.encode())
    watched.root(WATCHED, _BACK_UP)
    watched.root(WATCHED, f"echo wrong > {_BACKUP_PASSWORD}")
    failed = watched.lab.ssh(WATCHED, f"{_BACKUP_PROGRAM} run")
    assert failed.returncode == 1
    assert "wrong password" in failed.stdout

    def told():
        watched.lab.ssh(WATCHED, "systemctl start deeprig-alerts.service")
        alerts = [one for _, told in watched.received(WATCHED) for one in told.get("alerts", ())]
        return [one for one in alerts if one["alert"] == "BackupFailed"]

    try:
        (alert, *_) = until(told, "the machine tells it")
    finally:
        watched.root(WATCHED, f"echo correct horse > {_BACKUP_PASSWORD}")
    assert (alert["kind"], alert["severity"]) == ("began", "critical")
    assert alert["summary"] == "the last backup to disk failed"
    watched.root(WATCHED, f"{_BACKUP_PROGRAM} run")
    query = f'deeprig_backup_ok{{instance="{WATCHED}",repository="disk",what="backup"}} == 1'
    until(lambda: watched.ask(query)[0], "a good one is a metric again")


def cooling_status(watched, now):
    """Return what the daemon would leave; SIMULATED."""
    info = until(lambda: watched.ask(f'deeprig_gpu_info{{instance="{WATCHED}"}}')[0], "the GPUs")
    gpus = [
        {"uuid": row["metric"]["uuid"], "index": int(row["metric"]["gpu"]), "name": "Simulated"}
        | {"mode": "target", "reason": "", "target_percent": 50, "fans": []}
        for row in info
    ]
    return {"schema": "deeprig.cooling/1", "time": now, "pid": 1, "gpus": gpus}


def panel_queries():
    """Return every query of both dashboards, for this host and all of its GPUs."""
    chosen = {"$host": WATCHED, "$gpu": ".*", "$__rate_interval": "1m", "$__range": "10m"}
    found = []
    for file in sorted(FILES.glob("*.json")):
        for panel in json.loads(file.read_text())["panels"]:
            for target in panel.get("targets", ()):
                query = target["expr"]
                for name, value in chosen.items():
                    query = query.replace(name, value)
                # Alerts come and go; that the question can be asked is all.
                found.append(f"{query} or vector(0)" if query.startswith("ALERTS") else query)
    return found


def test_a_hot_gpu_is_told_by_the_server_and_by_the_machine_itself(watched):
    def by_alertmanager():
        return [
            alert
            for path, document in watched.received(SERVER)
            if path == "/alertmanager"
            for alert in document["alerts"]
            if alert["labels"]["alertname"] == "GpuNearSlowdown"
        ]

    def by_the_machine():
        watched.lab.ssh(WATCHED, "systemctl start deeprig-alerts.service")
        return [d for _, d in watched.received(WATCHED) if "GpuNearSlowdown" in json.dumps(d)]

    try:
        (alert, *_) = until(by_alertmanager, "Alertmanager tells it", _TOLD_SECONDS)
        until(by_the_machine, "the machine tells it", _TOLD_SECONDS)
    finally:
        watched.root(WATCHED, f"rm {PLANT}/faults/0/temperature")
    assert alert["status"] == "firing"
    assert (alert["labels"]["instance"], alert["labels"]["gpu"]) == (WATCHED, "0")
    assert alert["annotations"]["summary"].startswith("GPU 0 is 3 °C below")
    assert "fans" in alert["annotations"]["remedy"]


def test_a_configuration_that_promtool_refuses_is_not_placed(watched):
    path = "templates/monitoring/etc/deeprig/prometheus/prometheus.yml"
    before = watched.root(SERVER, "cat /etc/deeprig/prometheus/prometheus.yml")
    own = watched.lab.write(path, (ROOT / path).read_text() + "  - job_name: deeprig\n")
    try:
        report = watched.lab.json("apply", "--limit", SERVER, code=1)
    finally:
        own.unlink()
    failed = [o for o in report["hosts"][0]["operations"] if o["status"] == "failed"]
    assert [o["name"] for o in failed] == ["Place the configuration of Prometheus"]
    assert 'multiple scrape configs with job name "deeprig"' in failed[0]["output"]
    assert watched.root(SERVER, "cat /etc/deeprig/prometheus/prometheus.yml") == before
    assert watched.root(SERVER, "ls /run/deeprig/staged 2>/dev/null || true") == ""
    assert watched.root(SERVER, "systemctl is-active prometheus.service") == "active"


def test_what_is_damaged_or_was_cut_is_told_by_verify_and_mended_by_apply(watched):
    damage_the_watched(watched)
    damage_the_server(watched)
    found = watched.bad()
    assert found[SERVER] == {
        "no part of the collector fails": "fail",
        "prometheus-alertmanager.service is active and enabled": "fail",
        "Alertmanager listens where declared": "fail",
        "Alertmanager could read its configuration": "unknown",
        "the rules are loaded": "fail",
        "the rules can be evaluated": "unknown",
        f"{WATCHED} is watched": "fail",
    }
    assert found[WATCHED] == {
        "deeprig-alerts.timer is active and enabled": "fail",
        "prometheus-node-exporter.service is active and enabled": "fail",
        "node_exporter answers": "fail",
        "node_exporter listens where declared": "fail",
        "the notifier's configuration is good": "fail",
        "nobody else reads its secrets": "fail",
        "the notifier looked lately": "unknown",
        "messages are delivered: webhook": "unknown",
    }
    watched.root(SERVER, "rm /var/lib/deeprig/status/backup.json")
    watched.receive(WATCHED)
    # A run that was cut after it had placed these: what runs is older.
    watched.root(WATCHED, "touch /etc/systemd/system/deeprig-metrics.service")
    watched.root(SERVER, "touch /etc/systemd/system/prometheus.service.d/80-deeprig.conf")
    changed = watched.changes()
    assert changed[WATCHED] == [
        "Start a unit",
        "Let systemd read a changed unit",
        "Restart what was changed",
        "Configure whom the machine tells",
        "Start a unit",
    ]
    assert changed[SERVER] == [
        "Place the configuration of Prometheus",
        "Let a server read its configuration",
        "Let systemd read a changed unit",
        "Restart what was changed",
        "Start a unit",
    ]
    # What nobody took when it was sent is sent again.
    until(lambda: watched.received(WATCHED), "it is delivered", 150)
    until(lambda: watched.bad() == {SERVER: {}, WATCHED: {}}, "all is mended")
    watched.root(SERVER, "touch /etc/deeprig/prometheus/alertmanager.yml")
    changed = watched.changes()
    assert changed == {SERVER: ["Let a server read its configuration"], WATCHED: []}


def damage_the_watched(watched):
    """Nobody takes a message, nobody tells, a secret is for all, and nothing answers."""
    watched.root(WATCHED, "systemctl stop receiver.service; rm -f /run/received")
    xid = json.dumps(_XID | {"time": int(time.time()), "code": 79}).encode() + b"\n"
    watched.put(WATCHED, "/var/lib/deeprig/xid.jsonl", xid)
    numbers = "/var/lib/prometheus/node-exporter"
    until(lambda: 'code="79"' in watched.root(WATCHED, f"cat {numbers}/deeprig.prom"), "the Xid")
    waits = 'deeprig_notifier_undelivered{channel="webhook"} 1'

    def is_waiting():
        watched.lab.ssh(WATCHED, "systemctl start deeprig-alerts.service")  # it fails
        return waits in watched.root(WATCHED, f"cat {numbers}/deeprig_notifier.prom")

    until(is_waiting, "a message waits")
    watched.root(WATCHED, "systemctl disable --now deeprig-alerts.timer 2>&1")
    watched.root(WATCHED, "chmod 644 /etc/deeprig/alerts.conf")
    watched.root(WATCHED, "systemctl stop prometheus-node-exporter.service")


def damage_the_server(watched):
    """Break a status, lose the rules, stop Alertmanager."""
    watched.root(SERVER, "echo nonsense > /var/lib/deeprig/status/backup.json")
    part = "/var/lib/prometheus/node-exporter/deeprig.prom"
    failed = 'deeprig_collector_part_up{part="status"} 0.0'
    until(lambda: failed in watched.root(SERVER, f"cat {part}"), "the status is unreadable")
    watched.root(SERVER, "systemctl stop prometheus-alertmanager.service")
    watched.root(SERVER, "rm /etc/deeprig/prometheus/rules/deeprig.yml")
    watched.root(SERVER, "systemctl reload prometheus.service")
    until(lambda: watched.ask(f'up{{instance="{WATCHED}",job="deeprig"}} == 0')[0], "it is down")


def test_a_server_that_is_declared_no_more_is_stopped_and_the_exporters_are_closed(watched):
    watched.declare(server=None)
    changed = watched.changes()
    assert "Stop a server that is declared no more" in changed[SERVER]
    listening = watched.root(WATCHED, "ss -Hltn")
    assert "127.0.0.1:9100" in listening
    assert "*:9100" not in listening
    assert watched.lab.ssh(SERVER, "systemctl is-active prometheus").stdout.strip() == "inactive"
    # And the older distribution's packages can be the server as well.
    watched.declare(server=WATCHED)
    watched.changes()
    assert watched.changes() == {SERVER: [], WATCHED: []}
    assert watched.bad() == {SERVER: {}, WATCHED: {}}
    assert (
        Path(FILES / "deeprig.rules.yml").read_text()
        == watched.root(WATCHED, "cat /etc/deeprig/prometheus/rules/deeprig.yml") + "\n"
    )
