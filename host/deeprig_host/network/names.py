"""Where things lie, and what they are called."""

from __future__ import annotations

#: Only root enters: a backup holds keys of Wi-Fi and of WireGuard.
DIRECTORY = "/var/lib/deeprig/network"
JOURNAL = f"{DIRECTORY}/transaction.json"
#: The configuration as it was (BACKUP) and as it was found when it was put back (REPLACED): below
#: both stands a root directory, as `netplan apply --state` wants it.
BACKUP = f"{DIRECTORY}/backup"
REPLACED = f"{DIRECTORY}/replaced"
#: The way back runs from a copy of this program: a later deeprig may replace the placed one.
PROGRAM = f"{DIRECTORY}/program.pyz"

NETPLAN, NETWORKD = "netplan", "networkd"
CLOUD_CONFIG = "/etc/cloud/cloud.cfg.d/99-disable-network-config.cfg"
#: Kind to the directory that is put back whole.
CONFIGURATION = {NETPLAN: "/etc/netplan", NETWORKD: "/etc/systemd/network"}

UNITS = "/etc/systemd/system"
ROLLBACK_UNIT = "deeprig-network-rollback.service"
TIMER_UNIT = "deeprig-network-rollback.timer"
BOOT_UNIT = "deeprig-network-boot.service"
APPLY_UNIT = "deeprig-network-apply.service"
