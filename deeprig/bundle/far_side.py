"""What a host is told for the length of a run: where its packages come from now.

Everything is under /run and read only by commands that carry these variables: no file of the
host's own configuration is touched, nothing has to be put back, and what an interrupted run leaves
is without effect, and gone at the next boot.

What logs in to the bundle is made on the host, and stands only in files that root alone reads and
in the environment of the run's own commands; never in their words, which every user sees in ps(1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pyinfra.api.command import QuoteString, StringCommand

from deeprig.bundle.apt_options import COMMON_OPTIONS
from deeprig.bundle.proxy import USER
from deeprig.engine.host_lock import DIRECTORY as RUN_DIRECTORY

#: apt.conf(5): APT_CONFIG is read first, and can name the file that is read last. Sources for other
#: programs (desktop catalogues, translations) are not in a bundle: each is switched off by name.
_PLACE = r"""set -e
umask 022
directory=$1 port=$2
mkdir -p "$directory"
printf '%s' "$3" >"$directory/ca.pem"
printf 'Dir::Etc::main "%s/last.conf";\n' "$directory" >"$directory/first.conf"
printf '%s' "$5" >"$directory/condarc"
umask 077
token=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
printf 'export DEEPRIG_BUNDLE_LOGIN=%s:%s\n' "$6" "$token" >"$directory/login"
{
    if [ -f /etc/apt/apt.conf ]; then cat /etc/apt/apt.conf; fi
    printf '%s\n' "$4"
    for scheme in http https; do
        printf 'Acquire::%s::Proxy "http://%s:%s@127.0.0.1:%s";\n' "$scheme" "$6" "$token" "$port"
    done
    apt-config dump Acquire::IndexTargets | sed -n \
        's/^\(Acquire::IndexTargets::[^:]*::[^:]*\)::MetaKey .*/\1::DefaultEnabled "false";/p' |
        grep -v '^Acquire::IndexTargets::deb::Packages::' || :
} >"$directory/last.conf"
echo "$token"
"""
#: A proxy's login, by a variable: conda expands it in its settings too, which anybody may read.
_PROXY = "http://${DEEPRIG_BUNDLE_LOGIN}@127.0.0.1"
#: What programs that have no settings of their own go by.
_PROXIES = ("http_proxy", "https_proxy")
_CERTIFICATES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT")


@dataclass(frozen=True, slots=True)
class FarSide:
    """A host's end of the way to the bundle: a port of its loopback, and a directory in /run."""

    name: str
    port: int

    @property
    def directory(self) -> str:
        """Return where the files are; every run has its own."""
        return f"{RUN_DIRECTORY}/bundle-{self.name}"

    def place(self, certificate: str) -> StringCommand:
        """Return the command that writes the files, and prints the token that it made."""
        texts = (self.directory, str(self.port), certificate, self._apt(), self._conda(), USER)
        words = ("sh", "-c", _PLACE, "deeprig-bundle", *texts)
        return StringCommand(*(QuoteString(word) for word in words))

    def remove(self) -> StringCommand:
        """Return the command that removes them."""
        return StringCommand("rm", "-rf", QuoteString(self.directory))

    def logged_in(self, command: StringCommand, *, downloads: bool) -> StringCommand:
        """Return a command with the proxy in its environment, where it runs as root.

        ``downloads`` says that it installs or builds something: whatever it starts goes this way.
        Any other may well ask a machine of the lab itself, and only apt, conda and pip come here.
        """
        names = ("PIP_PROXY", *(_PROXIES if downloads else ()))
        exports = " ".join(f'{name}="{_PROXY}:{self.port}"' for name in names)
        file = QuoteString(f"{self.directory}/login")
        before = StringCommand("if [ -r", file, "]; then .", file, f"; export {exports}; fi;")
        return LedCommand(before, command)

    def variables(self, own: Mapping[str, str] | None, *, downloads: bool) -> dict[str, str]:
        """Return a command's variables, its ``own`` among them, with the others that lead here."""
        certificate = f"{self.directory}/ca.pem"
        variables = dict(own or {}) | {
            "APT_CONFIG": f"{self.directory}/first.conf",
            "CONDARC": f"{self.directory}/condarc",
            "PIP_CERT": certificate,
        }
        if downloads:
            variables.update(no_proxy="")
            variables.update(dict.fromkeys(_CERTIFICATES, certificate))
        return variables

    def _apt(self) -> str:
        return f"""#clear Acquire::http::Proxy;
#clear Acquire::https::Proxy;
#clear Acquire::http::Proxy-Auto-Detect;
#clear Acquire::http::ProxyAutoDetect;
Acquire::https::CaInfo "{self.directory}/ca.pem";
{COMMON_OPTIONS}"""

    def _conda(self) -> str:
        proxy = f"{_PROXY}:{self.port}"
        return (
            f"proxy_servers:\n  http: {proxy}\n  https: {proxy}\n"
            f"ssl_verify: {self.directory}/ca.pem\n"
        )


class LedCommand(StringCommand):
    """A command behind what leads it to the bundle; ``unit`` is where its work goes on, if any."""

    def __init__(self, before: StringCommand, command: StringCommand) -> None:
        super().__init__(before, command)
        self.unit: str | None = getattr(command, "unit", None)
