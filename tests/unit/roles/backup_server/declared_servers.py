"""Servers as they are declared; the keys were made for these tests and open nothing."""

from roles.backup_server.settings import BackupServerSettings

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILW2N4kI8NZCleDJtunPHDQjNcTg8Vysc9C6cEUV6ptM"
OTHER_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHVrkM7ZWlncbbrYVZD75QZ3lnMYO0ItqnEDivYCg7y5"
HASH = "$2b$05$abcdefghijklmnopqrstuu8gaKtEVohfTJi9LpTRcARlb.U0g6OdO"
TLS_KEY = "-----BEGIN PRIVATE KEY-----\nhush-of-tls\n-----END PRIVATE KEY-----\n"
PRUNE = {"password": "hush-of-a-repository"}
CLIENTS = {
    "rig1": {"public_key": f"{KEY} ada@rig1", "prune": PRUNE},
    "rig2": {"access": "sftp", "public_key": OTHER_KEY},
    "rig3": {"access": "rest", "password_hash": HASH},
}
FULL = {"clients": CLIENTS, "rest": {"listen": "127.0.0.1"}}


def settings(lab=None, **data):
    context = {"lab_directory": lab} if lab else None
    return BackupServerSettings.model_validate(data, context=context)
