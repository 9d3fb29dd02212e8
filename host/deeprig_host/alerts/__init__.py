"""Alerts: one table of what is wrong when, the notifier on the host, and the log of Xid errors."""
