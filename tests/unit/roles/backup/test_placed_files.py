"""What lands on a host: read by the program it is for, and secrets in closed files only."""

import ssl
from dataclasses import replace
from pathlib import Path

import pytest
from deeprig_host.backup.config import parse_configuration
from deeprig_host.backup.credentials import environment_file
from deeprig_host.backup.declared import Retention
from deeprig_host.machine.commands import Machine
from pydantic import ValidationError
from pyinfra.api.command import FileUploadCommand, StringCommand
from pyinfra.context import ctx_host
from pyinfra.facts.files import FindFiles

from deeprig.engine.operations import Step
from deeprig.tasks.secret_files import SecretFile, closed_file
from roles.backup import places, secret_files
from roles.backup.checks.scheduled import WORK
from roles.backup.secret_files import no_other_files
from roles.backup.settings import BackupSettings
from roles.backup.tasks import needed_packages
from tests.unit.roles.backup.declared_backups import (
    PASSWORD,
    URL,
    backup,
    disk,
    host_key,
    over_ssh,
    over_tls,
    private_key,
    rendered,
)

FULL = {
    "sources": ["/home", "/srv/my data"],
    "exclude": ["*.iso", "it's $HOME", "#tmp#"],
    "exclude_datasets": False,
    "keep_checkpoints": "all",
    "mounts": ["/srv"],
    "may_be_empty": ["/home"],
    "conda_prefixes": ["/opt/conda", "/srv/conda"],
    "nice": 5,
    "io_class": "best-effort",
    "repositories": {
        "disk": disk(
            create=True,
            mounts=["/backup"],
            limit_upload_kib=500,
            keep={"last": 1, "daily": 2, "weekly": 3, "monthly": 4},
            check_subset="1/12",
            maximum_age_hours=30.5,
            period_hours=0.25,
            at="23:30",
            jitter_minutes=0,
            retry_minutes=5,
            lock_wait_minutes=0.5,
            longest_hours=3,
            check_period_days=0,
            drill_period_days=1.5,
        ),
        "nas": over_ssh(),
        "off-site": over_tls(),
    },
}


def read(settings, host="rig1"):
    return parse_configuration(rendered(settings, host=host), "backup.conf")


def test_the_host_reads_what_was_declared():
    found = read(BackupSettings.model_validate(FULL))
    assert (found.tag, found.sources, found.mounts) == (
        "rig1",
        ("/home", "/srv/my data"),
        ("/srv",),
    )
    assert found.exclude == ("*.iso", "it's $HOME", "#tmp#")
    assert (found.exclude_datasets, found.keep_checkpoints) == (False, None)
    assert found.conda == ("/opt/conda", "/srv/conda")
    assert (found.nice, found.io_class, found.may_be_empty) == (5, "best-effort", ("/home",))
    one = found.repository("disk")
    assert (one.url, one.create, one.mounts) == ("/backup/restic", True, ("/backup",))
    assert one.retention == Retention(1, 2, 3, 4)
    assert (one.limit_upload_kib, one.check_subset, one.prune) == (500, "1/12", "here")
    assert (one.maximum_age_hours, one.period_hours, one.at_minutes) == (30.5, 0.25, 1410)
    assert (one.jitter_minutes, one.retry_minutes, one.lock_wait_minutes) == (0, 5, 0.5)
    assert (one.longest_hours, one.check_period_hours, one.drill_period_hours) == (3, 0, 36)


def test_how_each_kind_of_repository_is_reached_is_in_its_section():
    found = read(BackupSettings.model_validate(FULL))
    nas, off_site = found.repository("nas"), found.repository("off-site")
    assert nas.url == "sftp://rig1@nas.lab:2222//store"
    assert nas.ssh_key_file == "/etc/deeprig/backup/nas.ssh_key"
    assert nas.known_hosts_file == "/etc/deeprig/backup/nas.known_hosts"
    assert (off_site.url, off_site.ssh_key_file) == ("environment", "")
    assert off_site.environment_file == "/etc/deeprig/backup/off-site.environment"


def test_what_only_appends_leaves_pruning_to_its_server():
    found = read(backup(disk=disk(), nas=over_ssh(url="rclone+ssh://rig1@nas.lab")))
    assert [one.prune for one in found.repositories] == ["here", "elsewhere"]


def test_defaults_are_the_hosts_own_defaults():
    ours = read(backup(disk=disk()))
    theirs = parse_configuration(
        "[backup]\nsources=/x\n[repository disk]\nurl=/x\npassword_file=/x\nkeep_daily=1\n", "f"
    )
    same = replace(ours, sources=theirs.sources, tag="", repositories=())
    assert same == replace(theirs, repositories=())
    known = theirs.repositories[0]
    kept = {"url": "/x", "password_file": "/x", "environment_file": ""}
    kept["retention"] = known.retention
    assert replace(ours.repositories[0], **kept) == known


def test_no_secret_stands_in_what_everybody_reads():
    settings = BackupSettings.model_validate(FULL)
    for path in (places.CONFIGURATION, places.CRON_FILE, places.SERVICE_FILE, places.TIMER_FILE):
        text = rendered(settings, path)
        assert PASSWORD not in text
        assert URL not in text
        assert "hush" not in text


@pytest.mark.parametrize("path", [places.CRON_FILE, places.SERVICE_FILE])
def test_cron_and_systemd_run_the_same_command(path):
    lines = rendered(backup(disk=disk()), path).splitlines()
    assert len([line for line in lines if line.endswith(WORK)]) == 1


def test_cron_takes_its_file():
    """cron(8): every line but a comment is NAME=VALUE or five fields, a user and a command."""
    text = rendered(backup(disk=disk()), places.CRON_FILE)
    assert text.endswith("\n")
    assert "%" not in text  # a newline to cron
    assert "." not in Path(places.CRON_FILE).name  # cron skips it (run-parts' names)
    jobs = [line for line in text.splitlines() if line[0] not in "#MPS"]
    assert [line.split()[:6] for line in jobs] == [["*/15", "*", "*", "*", "*", "root"]]


def files_of(proxies=None, lab=None, **repositories):
    found = secret_files.secret_files(backup(**repositories), proxies or {}, lab or Path())
    return {file.path.rpartition("/")[2]: file.text.get_secret_value() for file in found}


def test_each_repository_has_its_files():
    found = files_of(disk=disk(), nas=over_ssh())
    assert sorted(found) == [
        "disk.environment",
        "disk.password",
        "nas.environment",
        "nas.known_hosts",
        "nas.password",
        "nas.ssh_key",
    ]
    assert found["disk.password"] == f"{PASSWORD}\n"
    assert found["nas.known_hosts"] == f"[nas.lab]:2222 {host_key()}\n"
    assert found["nas.ssh_key"] == private_key()


def test_a_server_on_the_usual_port_is_known_by_its_name_alone():
    found = files_of(nas=over_ssh(url="rclone+ssh://rig1@nas.lab"))
    assert found["nas.known_hosts"] == f"nas.lab {host_key()}\n"


def test_the_hosts_program_reads_the_environment_as_it_was_declared(tmp_path):
    proxies = {"https_proxy": "http://u:hush-proxy@proxy.lab:3128"}
    text = files_of(proxies, there=over_tls())["there.environment"]
    (tmp_path / "env").write_text(text)
    (tmp_path / "env").chmod(0o600)
    assert environment_file(Machine(tmp_path), "/env") == proxies | {
        "RESTIC_REPOSITORY": URL,
        "AWS_SECRET_ACCESS_KEY": 'odd "quoted" secret',
    }


def test_the_way_out_is_only_for_what_is_outside():
    proxies = {"http_proxy": "http://proxy.lab:3128"}
    found = files_of(proxies, disk=disk(), nas=over_ssh())
    assert "proxy.lab" not in "".join(found.values())
    # A file with nothing in it would be refused as one that was lost.
    assert all(found.values())


def test_who_signs_a_servers_certificate_is_placed(tmp_path):
    bundle = ssl.get_default_verify_paths().cafile
    if bundle is None:
        pytest.skip("this system has no bundle of certificates")
    pem = Path(bundle).read_text().partition("-----END CERTIFICATE-----")[0]
    (tmp_path / "ca.pem").write_text(f"{pem}-----END CERTIFICATE-----\n")
    settings = BackupSettings.model_validate(
        {"repositories": {"there": over_tls(ca_certificate="ca.pem")}},
        context={"lab_directory": tmp_path},
    )
    assert read(settings).repository("there").ca_file == "/etc/deeprig/backup/there.ca"
    with pytest.raises(ValidationError, match="ca_certificate is of no use: local"):
        BackupSettings(repositories={"r": disk(ca_certificate=tmp_path / "ca.pem")})
    found = secret_files.secret_files(settings, {}, tmp_path)
    assert found[-1].text.get_secret_value() == (tmp_path / "ca.pem").read_text()


def test_packages_are_those_that_are_needed():
    assert needed_packages(backup(disk=disk())) == ("restic", "cron")
    by_timer = BackupSettings(schedule="timer", repositories={"a": over_ssh(), "b": over_tls()})
    assert needed_packages(by_timer) == ("restic", "openssh-client", "ca-certificates")


class Host:
    """Has the given files in the directory of secrets."""

    def __init__(self, *found):
        self.found, self.noops = found, []

    def get_fact(self, fact, **arguments):
        assert fact is FindFiles
        assert arguments == {"path": places.DIRECTORY, "maxdepth": 1}
        return list(self.found)

    def noop(self, text):
        self.noops.append(text)


def test_what_no_declared_repository_needs_is_removed():
    wanted = (places.password("disk"), places.environment("disk"))
    host = Host(*wanted, places.password("gone"), f"{places.DIRECTORY}/a b")
    with ctx_host.use(host):
        (command,) = no_other_files._inner(wanted=wanted)
    assert command.get_raw_value() == (
        "rm -f -- '/etc/deeprig/backup/a b' /etc/deeprig/backup/gone.password"
    )
    host = Host(*wanted)
    with ctx_host.use(host):
        assert list(no_other_files._inner(wanted=wanted)) == []
    assert host.noops


def test_a_secret_is_placed_closed_and_never_uploaded_as_others_can_read_it(monkeypatch):
    asked = {}

    def put(src, dest, **given):
        asked.update(given, text=src.getvalue())
        yield FileUploadCommand(src, dest)
        yield StringCommand("chmod", given["mode"], dest)

    monkeypatch.setattr(secret_files.files.put, "_inner", put)
    file = SecretFile(places.password("disk"), backup(d=disk()).repositories["d"].password)
    assert PASSWORD not in repr(file)
    (step,) = closed_file._inner(file=file)
    assert isinstance(step, Step)
    assert asked == {"user": "root", "group": "root", "mode": "600", "text": PASSWORD}
