"""The sixty resources that every tool of the benchmark keeps in place, as data.

15 packages, 20 templates (8 of them units), 8 enabled and running units, 2 groups, 5 users, 5 cron
entries and 5 sysctl values. They are such as a container without extra rights can have: real
packages, real units, and sysctl keys of the network namespace.
"""

from __future__ import annotations

from dataclasses import dataclass

PACKAGES = (
    *("bc", "dc", "file", "lsof", "ncdu", "patch", "pv", "psmisc", "rsync", "strace"),
    *("time", "tmux", "tree", "unzip", "zip"),
)
GROUPS = ("benchlab", "benchdata")
USERS = tuple(f"bench{number}" for number in range(1, 6))
UNITS = tuple(f"bench-{number}.service" for number in range(1, 9))
SYSCTL = (
    ("net.ipv4.tcp_fin_timeout", 30),
    ("net.ipv4.tcp_keepalive_intvl", 20),
    ("net.ipv4.tcp_keepalive_probes", 5),
    ("net.ipv4.tcp_keepalive_time", 900),
    ("net.ipv4.tcp_syn_retries", 5),
)
SYSCTL_FILE = "/etc/sysctl.d/90-bench.conf"

_UNIT_TEXT = """\
# {{ owner }}
[Unit]
Description=Benchmark unit {{ number }}

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/true

[Install]
WantedBy=multi-user.target
"""
_CONFIGURATION_LINES = 40


@dataclass(frozen=True, slots=True)
class Template:
    """A Jinja2 text that lands at ``path``; without blocks, which the tools trim differently."""

    path: str
    text: str
    number: int

    @property
    def source(self) -> str:
        """Return the file's name beside the playbook and the deploy script."""
        return f"{self.path.rpartition('/')[2]}.j2"

    @property
    def data(self) -> dict[str, str | int]:
        """Return what the text's expressions are."""
        return {"owner": "managed by the benchmark", "number": self.number}

    @property
    def rendered(self) -> str:
        """Return what lies on the host."""
        text = self.text
        for name, value in self.data.items():
            text = text.replace(f"{{{{ {name} }}}}", str(value))
        return text


@dataclass(frozen=True, slots=True)
class CronEntry:
    """A line of root's crontab. Ansible knows it by ``name``, pyinfra by ``command``."""

    name: str
    minute: int
    hour: int
    command: str

    @property
    def line(self) -> str:
        """Return the line."""
        return f"{self.minute} {self.hour} * * * {self.command}"


def _configuration(number: int) -> Template:
    lines = [f"setting_{line} = {{{{ number }}}}.{line}" for line in range(_CONFIGURATION_LINES)]
    text = "\n".join(("# {{ owner }}", *lines, ""))
    return Template(f"/etc/bench/part-{number}.conf", text, number)


TEMPLATES = (
    *(Template(f"/etc/systemd/system/{u}", _UNIT_TEXT, n) for n, u in enumerate(UNITS, 1)),
    *(_configuration(number) for number in range(1, 13)),
)
CRON = tuple(
    CronEntry(f"bench {number}", 7 * number, number, f"/bin/true bench-{number}")
    for number in range(1, 6)
)
COUNT = sum(map(len, (PACKAGES, TEMPLATES, UNITS, GROUPS, USERS, CRON, SYSCTL)))
