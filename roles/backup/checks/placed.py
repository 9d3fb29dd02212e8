"""What backs up is there, as it was declared, and its secrets are nobody else's."""

from __future__ import annotations

from typing import Any

import pytest

from deeprig.tasks.ini_sections import differences, read_sections
from deeprig.verify.checks import Checks
from deeprig.verify.host_environment import check_host_environment
from deeprig.verify.plugin import lab_of
from roles.backup import places
from roles.backup.checks.declaring import declared_backup
from roles.backup.secret_files import secret_files

_CHECK = " ".join((*places.PROGRAM, "check-config"))


def test_the_programs_are_as_they_were_placed(
    host: Any, declared: Any, request: pytest.FixtureRequest, check: Checks
) -> None:
    """The environment of the backup program is whole, and restic is there."""
    declared_backup(declared, request)
    check_host_environment(host, check)
    done = host.run("restic version")
    said = (done.stdout or done.stderr).strip()
    check("restic is installed", done.rc == 0 and said.startswith("restic "), said)


def test_the_configuration_is_as_declared(
    host: Any, declared: Any, request: pytest.FixtureRequest, check: Checks
) -> None:
    """The file on the host says what the inventory declares, and its reader takes it."""
    wanted = declared_backup(declared, request)
    done = host.run(_CHECK)
    said = (done.stderr or done.stdout).strip()
    check("the backup's configuration is good", done.rc == 0, said or "it has no complaint")
    file = host.file(places.CONFIGURATION)
    there = read_sections(file.content_string) if file.exists else None
    if there is None:
        check("the backup's configuration is as declared", False, "it is not there, or broken")
        return
    found = differences(wanted.sections_of(declared.name), there)
    seen = "; ".join(found) or f"{len(wanted.repositories)} repositories, as declared"
    check("the backup's configuration is as declared", not found, seen)


def test_nobody_else_reads_its_secrets(
    host: Any, declared: Any, request: pytest.FixtureRequest, check: Checks
) -> None:
    """Every file with a secret is there, and is root's alone."""
    wanted = declared_backup(declared, request)
    lab = lab_of(request.config).directory
    needed = [file.path for file in secret_files(wanted, {}, lab)]
    expected = {places.DIRECTORY: "700 root:root", **dict.fromkeys(needed, "600 root:root")}
    shown = host.run("find %s -printf '%%m %%u:%%g %%p\\n'", places.DIRECTORY)
    lines = (line.split(" ", 2) for line in shown.stdout.splitlines())
    found = {path: f"{mode} {owner}" for mode, owner, path in lines}
    wrong = [
        f"{path}: {found.get(path, 'not there')}"
        for path in sorted(expected.keys() | found.keys())
        if found.get(path) != expected.get(path, "600 root:root")
    ]
    check("nobody else reads its secrets", not wrong, "; ".join(wrong) or f"{len(found)} closed")
