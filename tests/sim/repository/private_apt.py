"""An apt of its own, that sees only given sources and an empty (or given) set of packages.

Nothing of the machine's apt or dpkg is read or written: fast answers about what apt would do.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path


class AptFailed(Exception):
    """apt refused; the message is its output."""


@dataclass(frozen=True, slots=True)
class PrivateApt:
    """An apt below a directory. ``install`` and the like only simulate."""

    root: Path

    def update(self) -> str:
        """Read the sources. Raise AptFailed, also on what apt calls a warning (a bad key)."""
        return self._run("apt-get", "update", "-o", "APT::Update::Error-Mode=any")

    def simulate(self, *arguments: str) -> dict[str, str]:
        """Return what would be installed (name: version) or removed (name: "")."""
        outcome: dict[str, str] = {}
        for line in self._run("apt-get", "-s", "-y", "--allow-downgrades", *arguments).splitlines():
            words = line.split()
            if line.startswith("Inst "):
                version = next(word for word in words if word.startswith("("))
                outcome[words[1]] = version.lstrip("(")
            elif line.startswith("Remv "):
                outcome.setdefault(words[1], "")
        return outcome

    def install_for_good(self, changes: dict[str, str]) -> None:
        """Take changes as done: write them into this apt's own dpkg status."""
        status = self.root / "status"
        kept = [s for s in _stanzas(status) if s.partition("\n")[0].split()[1] not in changes]
        added = [self._installed(n, v) for n, v in changes.items() if v]
        status.write_text("\n\n".join([*kept, *added]) + "\n", encoding="utf-8")

    def show(self, name: str) -> str:
        """Return ``apt-cache show``. Raise AptFailed when there is no such package."""
        return self._run("apt-cache", "show", name)

    def policy(self, *names: str) -> str:
        """Return ``apt-cache policy`` of packages; of the sources without any."""
        return self._run("apt-cache", "policy", *names)

    def fetch(self, name: str) -> None:
        """Download a .deb, hash checked, into this apt's directory."""
        self._run("apt-get", "download", name)

    def _installed(self, name: str, version: str) -> str:
        first, _, rest = self._run("apt-cache", "show", f"{name}={version}").partition("\n")
        return f"{first}\nStatus: install ok installed\n{rest.strip()}"

    def _run(self, program: str, *arguments: str) -> str:
        config = str(self.root / "apt.conf")
        command = [program, *arguments]
        environment = {"APT_CONFIG": config, "LC_ALL": "C", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
        done = subprocess.run(
            command,
            env=environment,
            cwd=self.root,  # where `apt-get download` writes
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise AptFailed(done.stdout + done.stderr)
        return done.stdout


def _stanzas(status: Path) -> list[str]:
    text = status.read_text(encoding="utf-8").strip()
    return text.split("\n\n") if text else []


def make(root: Path, sources: str) -> PrivateApt:
    """Make an apt below a directory with one-line sources."""
    for name in ("lists/partial", "archives/partial", "preferences.d", "sources.list.d", "etc"):
        (root / name).mkdir(parents=True, exist_ok=True)
    (root / "status").touch()
    (root / "extended_states").touch()
    (root / "sources.list").write_text(sources, encoding="ascii")
    settings = {
        "Dir::Etc::sourcelist": "sources.list",
        "Dir::Etc::sourceparts": "sources.list.d",
        "Dir::Etc::preferences": "preferences",
        "Dir::Etc::preferencesparts": "preferences.d",
        "Dir::Etc::parts": "etc",
        "Dir::Etc::trusted": "etc/none.gpg",
        "Dir::Etc::trustedparts": "etc",
        "Dir::State": "",
        "Dir::State::lists": "lists",
        "Dir::State::status": "status",
        "Dir::State::extended_states": "extended_states",
        "Dir::Cache": "",
        "Dir::Cache::archives": "archives",
    }
    lines = [f'{key} "{root / value}";' for key, value in settings.items()]
    lines += ['APT::Architecture "amd64";', 'APT::Sandbox::User "root";']
    lines += ['APT::Install-Recommends "false";']
    # Kept caches are told from stale ones by whole seconds: too coarse for a test.
    lines += ['Dir::Cache::pkgcache "";', 'Dir::Cache::srcpkgcache "";']
    (root / "apt.conf").write_text("\n".join([*lines, ""]), encoding="utf-8")
    return PrivateApt(root)
