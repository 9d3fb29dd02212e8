"""What an administrator writes without a tool: a script that makes the resources, one that tests.

The testing script is the floor: one SSH command cannot test the same conditions with less.
"""

from __future__ import annotations

import hashlib
import shlex

from benchmarks.fleet.resources import (
    CRON,
    GROUPS,
    PACKAGES,
    SYSCTL,
    SYSCTL_FILE,
    TEMPLATES,
    UNITS,
    USERS,
)


def making_script() -> str:
    """Return the script that makes the resources on a fresh host, run as root."""
    files = "\n".join(
        f"cat > {template.path} <<'TEXT'\n{template.rendered}TEXT" for template in TEMPLATES
    )
    # Ansible knows its entries by the comment before them; to pyinfra and cron it is a comment.
    cron = "".join(f"#Ansible: {entry.name}\n{entry.line}\n" for entry in CRON)
    return f"""set -e
export DEBIAN_FRONTEND=noninteractive
apt-get install -y -qq --no-install-recommends {" ".join(PACKAGES)} >/dev/null
mkdir -p /etc/bench
{files}
for group in {" ".join(GROUPS)}; do groupadd $group; done
for user in {" ".join(USERS)}; do useradd -m -s /bin/bash -G {GROUPS[0]} $user; done
crontab - <<'TEXT'
{cron}TEXT
cat > {SYSCTL_FILE} <<'TEXT'
{_sysctl_lines()}TEXT
sysctl -q -p {SYSCTL_FILE}
systemctl daemon-reload
systemctl enable --now --quiet {" ".join(UNITS)}
"""


def testing_script() -> str:
    """Return the script that tests every condition as root: exit 0 where all hold, else 1.

    A condition each: a package's state, a file's content, owner and mode, a unit enabled and
    active, a group, a user with shell and group, a cron line, a value in the kernel and in its
    file. One process for each kind.
    """
    sums = "".join(f"{_sha256(t.rendered)}  {t.path}\n" for t in TEMPLATES)
    paths = " ".join(template.path for template in TEMPLATES)
    units = " ".join(UNITS)
    states = "\n".join(["active"] * len(UNITS))
    return f"""set -e
same() {{ [ "$1" = "$2" ] || {{ echo "differs: $3" >&2; exit 1; }}; }}
same "$(dpkg-query -W -f '${{db:Status-Status}}\\n' {" ".join(PACKAGES)} | sort | uniq -c \
| tr -s ' ')" " {len(PACKAGES)} installed" packages
sha256sum --check --status <<'TEXT'
{sums}TEXT
same "$(stat -c '%U %G %a' {paths} | sort -u)" "root root 644" owners
same "$(systemctl is-active {units})" {shlex.quote(states)} active
same "$(systemctl is-enabled {units} | sort -u)" enabled enabled
for user in {" ".join(USERS)}; do
  grep -q "^$user:.*:/bin/bash\\$" /etc/passwd
  grep -q "^{GROUPS[0]}:.*[:,]$user\\(,\\|\\$\\)" /etc/group
done
grep -q '^{GROUPS[1]}:' /etc/group
crontab -l > /tmp/bench-cron.$$
while read -r line; do grep -qxF "$line" /tmp/bench-cron.$$; done <<'TEXT'
{"".join(f"{entry.line}{chr(10)}" for entry in CRON)}TEXT
rm /tmp/bench-cron.$$
same "$(sysctl -e {" ".join(key for key, _ in SYSCTL)})" "{_sysctl_lines().rstrip()}" sysctl
same "$(cat {SYSCTL_FILE})" "{_sysctl_lines().rstrip()}" {SYSCTL_FILE}
"""


def _sysctl_lines() -> str:
    return "".join(f"{key} = {value}\n" for key, value in SYSCTL)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
