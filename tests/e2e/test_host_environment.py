"""The host's own Python environment, on real hosts that reach no package index."""

import hashlib
import json
import os
import shutil
import subprocess
from dataclasses import dataclass

import pytest

from deeprig.wheels.download import fetch_wheel
from deeprig.wheels.lock import read_lock
from tests.e2e.running import ROOT, LabDirectory

ENVIRONMENT = "/opt/deeprig/environment"
PYTHON = f"{ENVIRONMENT}/bin/python"
PLACE = "Place the environment of deeprig's programs"
RESTART = "Restart the service"
#: A service as the roles have them: it imports its modules, and stays.
_UNIT = (
    "[Service]\\nType=exec\\n"
    f"ExecStart={PYTHON} -c 'import time, psutil, deeprig_host; time.sleep(1000000)'\\n"
)
_BODY = f"""
    from deeprig.tasks.host_environment import needs_restart, place_host_environment
    from deeprig.engine.operations import changed
    from pyinfra.operations import systemd
    place_host_environment(context)
    unit = files.put(name="Unit", src=StringIO({_UNIT!r}.replace("\\\\n", chr(10))),
                     dest="/etc/systemd/system/served.service")
    place_host_environment(context)  # as a second role does
    systemd.daemon_reload(name="Read the unit", _if=changed(unit))
    systemd.service(name="Start the service", service="served", running=True)
    systemd.service(name="{RESTART}", service="served", restarted=True,
                    _if=needs_restart(context, "served.service"))
"""
_VERIFY = """
from deeprig.verify.host_environment import check_host_environment


def test_its_programs_are_whole(host, check):
    check_host_environment(host, check)
"""
_CLEAR = "systemctl stop served; rm -rf /opt/deeprig /etc/systemd/system/served.service"
#: Ends the maker without a warning when what it makes has come so far.
_CUT = (
    "systemd-run --collect sh -c 'until [ -e {seen} ]; do sleep 0.01; done;"
    ' pkill -9 -f "[h]ost.pyz environment make"\''
)


@dataclass(frozen=True)
class Placing:
    """A host without an environment, a proxy or a way to any index, and its lab directory."""

    lab: LabDirectory
    host: str

    def apply(self, code=0):
        """Apply; return the run and its operations by name."""
        run = self.lab.json("apply", code=code)["hosts"][0]
        return run, {o["name"]: o for o in run["operations"]}

    def changes(self):
        """Apply; return what changed."""
        _, operations = self.apply()
        return [(name, o["notes"]) for name, o in operations.items() if o["status"] != "unchanged"]

    def ssh(self, command):
        return self.lab.ssh(self.host, command)

    def check(self):
        """What the environment says of itself, with its own Python."""
        done = self.ssh(f"{PYTHON} -m deeprig_host.environment check")
        return json.loads(done.stdout)["outcome"]


def placing_on(lab, *hosts):
    # A copy: somebody may be at work on the programs while the tests run.
    shutil.copytree(ROOT / "host", lab.path / "host", ignore=shutil.ignore_patterns("*.pyc"))
    lab.role("env", _BODY)
    lab.write("roles/env/verify.py", _VERIFY)
    lab.hosts(**{host: {} for host in hosts})
    lab.data(network_access={}, roles=["env"])
    for host in hosts:
        lab.ssh(host, _CLEAR)
    yield Placing(lab, hosts[0])
    for host in hosts:
        lab.ssh(host, _CLEAR)


@pytest.fixture(params=["rig3", "rig2"], ids=["debian12", "debian13"])
def on_each(request, lab):
    yield from placing_on(lab, request.param)


@pytest.fixture
def placing(lab):
    yield from placing_on(lab, "rig3")


def test_it_is_made_without_an_index_and_left_as_it_is_by_a_second_apply(on_each):
    assert on_each.ssh("ip route show default").stdout == "", "the test proves nothing"
    planned = on_each.lab.json("plan")["hosts"][0]["operations"]
    assert next(o for o in planned if o["name"] == PLACE)["status"] == "would change"
    assert on_each.ssh("ls /opt/deeprig").returncode != 0, "a plan has changed the host"
    on_each.apply()
    modules = "import sys, psutil, prometheus_client, pynvml, deeprig_host; print(sys.prefix)"
    assert on_each.ssh(f'{PYTHON} -c "{modules}"').stdout == f"{ENVIRONMENT}\n"
    assert on_each.check() == "good"
    foreign = "find /opt/deeprig \\( -not -user root -o -perm /022 \\) -not -type l"
    assert on_each.ssh(foreign).stdout == ""
    as_nobody = f"su nobody -s /bin/sh -c '{PYTHON} -I -m deeprig_host.environment check'"
    assert on_each.ssh(as_nobody).returncode == 0
    # Reading it costs nothing: Python has no bytecode to write.
    before = on_each.ssh(f"find {ENVIRONMENT}/ | sort").stdout
    assert "deeprig_host/environment/__pycache__/make.cpython-3" in before
    on_each.ssh(f"{PYTHON} -c 'import deeprig_host.audit.collect, psutil, prometheus_client'")
    assert on_each.ssh(f"find {ENVIRONMENT}/ | sort").stdout == before
    assert on_each.changes() == []


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ("rm {site}/psutil/_common.py", "psutil/_common.py is missing"),
        ("truncate -s 10 {site}/pynvml.py", "pynvml.py was altered"),
        ("chmod o+w {site}/pynvml.py", "pynvml.py can be written by others"),
        (f"ln -sfn /usr {ENVIRONMENT}", f"{ENVIRONMENT} leads to no environment"),
    ],
)
def test_a_damaged_environment_is_told_and_made_anew(made, damage, told):
    site = made.ssh(f"echo {ENVIRONMENT}/lib/python3*/site-packages").stdout.strip()
    assert made.ssh(damage.format(site=site)).returncode == 0
    _, operations = made.apply()
    place = operations[PLACE]
    assert place["status"] == "changed"
    assert told in " ".join(place["notes"])
    assert operations[RESTART]["status"] == "changed"
    assert made.check() == "good"


def test_verify_tells_the_damage(made):
    assert made.lab.json("verify")["hosts"][0]["status"] == "passed"
    made.ssh(f"echo >> {ENVIRONMENT}/lib/python3*/site-packages/deeprig_host/__init__.py")
    verified = made.lab.json("verify", code=1)
    assert "deeprig_host/__init__.py was altered" in json.dumps(verified)
    made.apply()
    assert made.lab.json("verify")["hosts"][0]["status"] == "passed"


@pytest.fixture(scope="module")
def made(hosts, channel, tmp_path_factory):
    """A host whose environment is made once: each test damages and repairs it."""
    made = LabDirectory(tmp_path_factory.mktemp("made") / "lab", hosts, channel)
    made.path.mkdir()
    for placing in placing_on(made, "rig1"):
        placing.apply()
        yield placing
    shutil.rmtree(made.path)


@pytest.mark.parametrize(
    "seen",
    ["/opt/deeprig/environments", "/opt/deeprig/environments/.making/lib/python*/*/psutil"],
    ids=["at-once", "half-unpacked"],
)
def test_what_a_cut_leaves_is_never_used_and_the_next_run_repairs(placing, seen):
    placing.ssh(_CUT.format(seen=seen))
    run, _ = placing.apply(code=1)
    assert run["status"] == "failed"
    assert placing.ssh(f"ls {ENVIRONMENT}").returncode != 0, "half of it is in use"
    _, operations = placing.apply()
    assert operations[PLACE]["status"] == "changed"
    assert placing.check() == "good"
    assert placing.ssh("ls -A /opt/deeprig/environments | wc -l").stdout == "1\n"


def test_a_repair_that_is_cut_leaves_the_service_what_it_runs_from(made):
    made.ssh(f"rm {ENVIRONMENT}/lib/python3*/site-packages/example.py")
    made.ssh(_CUT.format(seen="/opt/deeprig/environments/.making/lib"))
    made.apply(code=1)
    assert made.ssh(f"{PYTHON} -c 'import psutil'").returncode == 0
    assert made.ssh("systemctl is-active served").stdout == "active\n"
    made.apply()
    assert made.check() == "good"


def test_a_service_that_a_cut_run_left_on_the_one_before_is_restarted(made):
    """The run that switched was cut before the restart: the link is newer than the service."""
    pid = made.ssh("systemctl show -P MainPID served").stdout
    made.ssh(f"ln -sfn $(readlink {ENVIRONMENT}) {ENVIRONMENT}")
    _, operations = made.apply()
    assert operations[PLACE]["status"] == "unchanged"
    assert operations[RESTART]["status"] == "changed"
    assert made.ssh("systemctl show -P MainPID served").stdout != pid
    _, again = made.apply()
    assert again[RESTART]["status"] == "unchanged"


def test_changed_programs_are_switched_to_and_the_one_before_is_kept(made):
    """Changed twice: only what is new goes over."""
    before = made.ssh(f"readlink {ENVIRONMENT}").stdout
    for number in (1, 2):
        made.lab.write("host/deeprig_host/added.py", f"NUMBER = {number}\n")
        _, operations = made.apply()
        uploads = [c for c in operations[PLACE]["commands"] if c.startswith("upload")]
        assert len(uploads) == 1, uploads
        told = made.ssh(f"{PYTHON} -c 'import deeprig_host.added as a; print(a.NUMBER)'")
        assert told.stdout == f"{number}\n"
    kept = made.ssh("ls -A /opt/deeprig/environments").stdout.split()
    assert len(kept) == 2
    assert before.rpartition("/")[2].strip() not in kept
    assert made.ssh("ls /opt/deeprig/wheels | wc -l").stdout == "4\n"


@pytest.fixture
def placing_two(lab):
    yield from placing_on(lab, "rig2", "rig3")


def test_of_two_hosts_at_once_one_has_the_wheels_fetched(placing_two, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    runs = placing_two.lab.json("apply")["hosts"]
    assert [run["status"] for run in runs] == ["ok", "ok"]
    kept = [path.suffix for path in (tmp_path / "deeprig/wheels").iterdir()]
    assert kept == [".whl"] * 3


def run_offline(placing, tmp_path, command="apply"):
    """Plan or apply where the controller's pip reaches no index, and nothing is cached."""
    done = subprocess.run(
        placing.lab.command(command, "--json"),
        cwd=placing.lab.path,
        env=os.environ
        | {"PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(tmp_path / "cache")}
        | {"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": "http://127.0.0.1:1/simple"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, json.loads(done.stdout)["hosts"][0]


def test_a_controller_without_a_network_says_so_before_anything_is_changed(placing, tmp_path):
    for command in ("plan", "apply"):
        code, run = run_offline(placing, tmp_path, command)
        assert code == 1
        assert "the wheel of nvidia-ml-py" in run["reason"]
        assert "network_access.program_wheels" in run["reason"]
    assert placing.ssh("ls /opt/deeprig").returncode != 0


def test_a_directory_of_wheels_takes_the_place_of_the_network(placing, tmp_path):
    directory = placing.lab.path / "wheels"
    directory.mkdir()
    placing.lab.data(network_access={"program_wheels": "wheels"})
    code, run = run_offline(placing, tmp_path)
    assert (code, run["status"]) == (2, "refused")
    assert "it has no wheel of nvidia-ml-py" in run["reason"]
    assert placing.ssh("ls /opt/deeprig").returncode != 0
    for wheel in read_lock(ROOT / "host/requirements.lock", "x86_64"):
        shutil.copy(fetch_wheel(wheel, "x86_64"), directory)
    code, run = run_offline(placing, tmp_path)
    assert code == 0, run
    assert placing.check() == "good"


def test_a_host_that_has_it_needs_nothing_from_the_controller(made, tmp_path):
    made.apply()
    code, run = run_offline(made, tmp_path)
    assert code == 0, run["reason"]


def test_what_is_not_the_carried_wheel_is_never_unpacked(placing):
    """A wheel on the host that is altered is carried again, not used."""
    placing.apply()
    wheels = placing.ssh("sha256sum /opt/deeprig/wheels/*").stdout.split("\n")[:-1]
    for line in wheels:
        digest, path = line.split()
        assert path.endswith(f"/{digest}.whl")
    placing.ssh("for w in /opt/deeprig/wheels/*; do echo x >> $w; done")
    placing.ssh("rm -rf /opt/deeprig/environments")
    placing.apply()
    assert placing.check() == "good"
    assert placing.ssh("sha256sum /opt/deeprig/wheels/*").stdout.split("\n")[:-1] == wheels
    assert hashlib.sha256(b"").hexdigest() not in "".join(wheels)
