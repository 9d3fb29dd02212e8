"""Checks of the base role: read from the host, compared with the declaration."""

from __future__ import annotations

import re

from roles.base.certificates import certificates_of


def test_packages_are_installed(host, settings, check):
    """Every declared package is installed, in its declared version."""
    for wanted in settings.packages:
        name, _, version = wanted.partition("=")
        package = host.package(name.partition(":")[0])
        installed = package.is_installed
        seen = package.version if installed else "not installed"
        is_good = installed and (not version or seen == version)
        check(f"package {wanted} is installed", is_good, seen)


def test_package_state_is_whole(host):
    """No package is left half installed (dpkg --audit prints nothing)."""
    audit = host.run("dpkg --audit")
    assert audit.rc == 0, audit.stderr
    assert audit.stdout.strip() == "", audit.stdout


def test_time_zone_is_as_declared(host, settings, check):
    """/etc/localtime points to the declared zone."""
    if settings.timezone:
        target = host.check_output("readlink -f /etc/localtime")
        check("time zone", target.endswith(f"/zoneinfo/{settings.timezone}"), target)


def test_locale_is_as_declared(host, settings, check):
    """The declared locale exists and is the system's."""
    if settings.locale:
        known = host.check_output("locale -a").splitlines()
        spelling = settings.locale.replace("UTF-8", "utf8")
        check("locale is generated", spelling in known, ", ".join(known))
        default = host.file("/etc/default/locale").content_string
        check("locale is the system's", f"LANG={settings.locale}" in default, default)


def test_users_are_as_declared(host, settings, check):
    """Each declared user exists with the declared keys, groups and right to become root."""
    for wanted in settings.users:
        user = host.user(wanted.name)
        if not wanted.present:
            check(f"user {wanted.name} is gone", not user.exists, f"exists: {user.exists}")
            continue
        check(f"user {wanted.name} exists", user.exists, f"exists: {user.exists}")
        if user.exists:
            _check_user(host, wanted, user, check)


def _check_user(host, wanted, user, check):
    keys = host.file(f"{user.home}/.ssh/authorized_keys")
    text = keys.content_string if keys.exists else ""
    missing = [key for key in wanted.keys if key not in text]
    check(f"user {wanted.name} has the keys", not missing, f"missing: {missing or 'none'}")
    lacking = set(wanted.groups) - set(user.groups)
    check(f"user {wanted.name} is in the groups", not lacking, f"groups: {user.groups}")
    listed = host.run("sudo -n -l -U %s", wanted.name).stdout
    expected = {
        "none": "not allowed to run sudo",
        "password": r"\(ALL : ALL\) ALL",
        "nopasswd": r"\(ALL : ALL\) NOPASSWD: ALL",
    }[wanted.sudo]
    evidence = listed.strip().splitlines()[-1] if listed.strip() else "sudo said nothing"
    check(f"user {wanted.name}: sudo is {wanted.sudo}", bool(re.search(expected, listed)), evidence)


def test_sudo_rules_are_valid(host):
    """visudo accepts every sudo rule: an invalid file would lock everybody out of root."""
    result = host.run("visudo -c")
    assert result.rc == 0, result.stdout + result.stderr


def test_additional_certificates_are_trusted(host, settings, declared, request, check):
    """Every declared CA is in the bundle that programs read."""
    from deeprig.verify.plugin import lab_of

    if not settings.ca_certificates:
        return
    bundle = host.file("/etc/ssl/certs/ca-certificates.crt").content_string
    directory = lab_of(request.config).directory
    for path in settings.ca_certificates:
        for certificate in certificates_of(directory / path):
            body = certificate.pem.splitlines()[1]
            evidence = f"SHA-256 {certificate.fingerprint[:16]} of {path}"
            check("additional CA is trusted", body in bundle, evidence)


def test_limits_of_a_new_session(host, settings, check):
    """A new login session really has the declared limits (not only the file)."""
    seen = host.check_output("su - root -c 'ulimit -n; ulimit -l'").split()
    check(
        "open files",
        seen[0] == str(settings.limits.nofile),
        f"ulimit -n: {seen[0]}, declared {settings.limits.nofile}",
    )
    check(
        "locked memory",
        seen[1] == str(settings.limits.memlock),
        f"ulimit -l: {seen[1]}, declared {settings.limits.memlock}",
    )
