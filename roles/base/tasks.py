"""Tasks of the base role, in the order in which a fresh machine needs them."""

from __future__ import annotations

from io import StringIO

from pyinfra.api.deploy import deploy
from pyinfra.api.host import Host
from pyinfra.context import ctx_host
from pyinfra.operations import files, server

from deeprig.role import RoleContext
from deeprig.tasks import (
    changed,
    install_packages,
    place_template,
    refresh_package_lists,
    repair_packages,
)
from roles.base.certificates import certificates_of
from roles.base.facts import ManagedCertificates, SystemLocale, UnbundledCertificates
from roles.base.settings import BaseRoleSettings, UserSettings

BaseContext = RoleContext[BaseRoleSettings]

#: deb822 source file of each distribution, as its own installer names it.
_SOURCE_FILES = {
    "debian": "/etc/apt/sources.list.d/debian.sources",
    "ubuntu": "/etc/apt/sources.list.d/ubuntu.sources",
}


@deploy("base")
def deploy_base(context: BaseContext) -> None:
    """Bring the machine to the base state."""
    repair_packages()
    _place_certificates(context)
    _configure_apt(context)
    _install(context)
    _set_time_zone_and_locale(context)
    for user in context.settings.users:
        _manage_user(user)
    place_template(context, "/etc/sudoers.d/80-deeprig", name="Set who may become root", mode="440")
    _configure_sessions(context)


def ask_first(context: BaseContext) -> None:
    """Ask what deploy_base asks before its operations."""
    ctx_host.get().get_fact(ManagedCertificates)


def _place_certificates(context: BaseContext) -> None:
    """Place the declared CA certificates and remove ours that are declared no more."""
    certificates = [
        certificate
        for path in context.settings.ca_certificates
        for certificate in certificates_of(context.lab_directory / path)
    ]
    placed = [
        files.put(
            name="Place an additional CA certificate",
            src=StringIO(certificate.pem),
            dest=certificate.lands_at,
            mode="644",
        )
        for certificate in certificates
    ]
    wanted = {certificate.lands_at for certificate in certificates}
    stale = ctx_host.get().get_fact(ManagedCertificates) - wanted
    removed = [
        files.file(name="Remove a CA certificate no longer declared", path=path, present=False)
        for path in sorted(stale)
    ]
    moved, host = changed(*placed, *removed), ctx_host.get()
    # Where ca-certificates is not installed yet, its own set-up reads the directory. And a run that
    # was cut in between has placed what this one finds in place, and not rebuilt the bundle.
    server.shell(
        name="Rebuild the bundle of trusted CAs",
        # --fresh: it leaves the links to a removed certificate otherwise.
        commands=[
            "! command -v update-ca-certificates >/dev/null || update-ca-certificates --fresh"
        ],
        _if=lambda: moved() or bool(host.get_fact(UnbundledCertificates)),
    )


def _configure_apt(context: BaseContext) -> None:
    proxy = context.settings.apt.proxy or ""
    configured = place_template(
        context,
        "/etc/apt/apt.conf.d/80deeprig",
        name="Configure apt",
        # Root reads it before apt drops its privileges; a password in it is nobody else's.
        mode="600" if "@" in proxy else "644",
    )
    if context.settings.apt.mirror is None:
        return
    sources = _SOURCE_FILES[context.facts.distribution]
    mirrored = place_template(context, sources, name="Set the package sources")
    emptied = place_template(context, "/etc/apt/sources.list", name="Point to the package sources")
    refresh_package_lists(when=changed(configured, mirrored, emptied))


def _install(context: BaseContext) -> None:
    settings = context.settings
    needed = ["ca-certificates", "sudo"]
    if settings.timezone:
        needed.append("tzdata")
    if settings.locale:
        needed.append("locales")
    install_packages(tuple(dict.fromkeys((*needed, *settings.packages))))


def _set_time_zone_and_locale(context: BaseContext) -> None:
    if context.settings.timezone:
        server.timezone(name="Set the time zone", timezone=context.settings.timezone)
    if context.settings.locale:
        server.locale(name="Generate the locale", locale=context.settings.locale)
        _set_system_locale(context.settings.locale)


def _set_system_locale(locale: str) -> None:
    # By update-locale(8): which file it writes, and what links to it, differs by release.
    host: Host = ctx_host.get()
    server.shell(
        name="Set the system locale",
        commands=[f"update-locale LANG={locale}"],
        _if=lambda: host.get_fact(SystemLocale) != locale,
    )


def _manage_user(user: UserSettings) -> None:
    server.user(
        name="Manage a user",
        user=user.name,
        present=user.present,
        shell=user.shell,
        groups=list(user.groups),
        append=True,
        create_home=True,
    )
    if user.present:
        server.user_authorized_keys(
            name="Manage a user's SSH keys",
            user=user.name,
            public_keys=list(user.keys),
            delete_keys=user.only_these_keys,
        )


def _configure_sessions(context: BaseContext) -> None:
    place_template(
        context, "/etc/security/limits.d/80-deeprig.conf", name="Set limits of login sessions"
    )
    place_template(context, "/etc/profile.d/deeprig-proxy.sh", name="Tell sessions the proxy")
    if context.settings.login_message:
        place_template(context, "/etc/motd.d/deeprig", name="Say at login what manages the machine")
    else:
        files.file(name="Say nothing at login", path="/etc/motd.d/deeprig", present=False)
