"""Throwaway test hosts on this machine: real systemd, sshd, cron and apt in systemd-nspawn."""
