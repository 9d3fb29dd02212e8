"""What the base role asks a host."""

from __future__ import annotations

from pyinfra.api.facts import FactBase

from roles.base.certificates import DIRECTORY


class ManagedCertificates(FactBase[frozenset[str]]):
    """Paths of the CA certificates that this role put on the host."""

    def command(self) -> str:
        """Return the command; no match prints nothing."""
        return f"find {DIRECTORY} -maxdepth 1 -name 'deeprig-*.crt' 2>/dev/null || true"

    @staticmethod
    def default() -> frozenset[str]:
        """Return the empty set: none are there."""
        return frozenset()

    def process(self, output: list[str]) -> frozenset[str]:
        """Return the paths."""
        return frozenset(line.strip() for line in output if line.strip())


class UnbundledCertificates(FactBase[frozenset[str]]):
    """This role's CA certificates that the bundle lacks, and links to removed ones."""

    def command(self) -> str:
        """Return the command; a certificate's last line is of its signature, and its own."""
        return _UNBUNDLED

    @staticmethod
    def default() -> frozenset[str]:
        """Return the empty set: the bundle is as the directory."""
        return frozenset()

    def process(self, output: list[str]) -> frozenset[str]:
        """Return the paths."""
        return frozenset(line.strip() for line in output if line.strip())


#: update-ca-certificates(8) links each certificate and joins them all in one file.
_UNBUNDLED = f"""
command -v update-ca-certificates >/dev/null || exit 0
for f in {DIRECTORY}/deeprig-*.crt; do
    [ -f "$f" ] || continue
    signed=$(tail -n 2 "$f" | head -n 1)
    grep -qxF -e "$signed" /etc/ssl/certs/ca-certificates.crt || echo "$f"
done
find /etc/ssl/certs -maxdepth 1 -name "deeprig-*.pem" -xtype l
"""


class SystemLocale(FactBase[str | None]):
    """LANG of the system's sessions, or None where it is not set."""

    def command(self) -> str:
        """Return the command; locale(5) files are read by PAM, sed prints only the value."""
        return (
            'sed -n \'s/^LANG="\\?\\([^"]*\\)"\\?$/\\1/p\' /etc/default/locale 2>/dev/null || true'
        )

    @staticmethod
    def default() -> str | None:
        """Return None: not set."""
        return None

    def process(self, output: list[str]) -> str | None:
        """Return the value."""
        return output[-1].strip() or None
