"""The floor of the workstation deploy: a script that tests the state it has made, found there.

What the deploy placed is read from the host itself: files that no package owns and that are newer
than its beginning, packages that were added, units that were enabled, users. Of files that name the
host no sum is tested but that they name it: less than deeprig tests.
"""

from __future__ import annotations

from collections.abc import Callable

_PLACED = r"""
find /etc /usr/local /opt /lib/systemd/system -xdev -type f -newer /var/lib/bench/began \
  ! -path '/opt/*/pkgs/*' ! -path '/opt/*/lib/*' ! -path '*/__pycache__/*' \
  ! -path '/etc/ssl/certs/*' ! -path '/etc/bench/*' ! -name 'bench-*' ! -name '90-bench.conf' \
  ! -path '/etc/ssh/*' ! -name '*.cache' ! -name '*-' ! -path '/etc/alternatives/*' \
  ! -name passwd ! -name group ! -name shadow ! -name gshadow ! -name subuid ! -name subgid \
  ! -name machine-id ! -name hostname | sort > /var/lib/bench/new
dpkg -S $(cat /var/lib/bench/new) 2>/dev/null | sed 's/^[^ ]* //' | sort > /var/lib/bench/owned
comm -23 /var/lib/bench/new /var/lib/bench/owned > /var/lib/bench/placed
xargs -d '\n' grep -lwF "$(hostname)" < /var/lib/bench/placed > /var/lib/bench/named \
  || test $? = 123  # xargs(1): none of them names it
hostname > /var/lib/bench/name
grep -vxFf /var/lib/bench/named /var/lib/bench/placed | xargs -d '\n' sha256sum
"""
#: A host that boots from the image says its own name where the image's host said that one's.
OWN_NAME = r"""
xargs -d '\n' sed -i "s/\b$(cat /var/lib/bench/name)\b/$(hostname)/g" < /var/lib/bench/named
"""
_UNITS = r"""
for unit in $(find /etc/systemd/system -type l -newer /var/lib/bench/began ! -name 'bench-*' \
  -printf '%f\n' | sort -u); do
  echo "$unit $(systemctl is-enabled "$unit") $(systemctl is-active "$unit")"
done
"""


def floor_script(on_host: Callable[[str], str]) -> str:
    """Return the script: exit 0 where all holds. ``on_host`` runs a script there as root."""
    sums, packages = on_host(_PLACED), on_host("apt-mark showmanual").split()
    units = [line.split() for line in on_host(_UNITS).splitlines()]
    named = on_host("cat /var/lib/bench/named").split()
    states = [unit for unit in units if unit[1:] == ["enabled", "active"]]
    names = " ".join(unit[0] for unit in states)
    return f"""set -e
test "$(dpkg-query -W -f '${{db:Status-Status}}\\n' {" ".join(packages)} | grep -cx installed)" \
= {len(packages)}
sha256sum --check --status <<'TEXT'
{sums}TEXT
test "$(systemctl is-active {names} | grep -cx active)" = {len(states)}
test "$(systemctl is-enabled {names} | grep -cx enabled)" = {len(states)}
grep -q '^ada:' /etc/passwd
test "$(grep -lwF "$(hostname)" {" ".join(named)} | wc -l)" = {len(named)}
"""
