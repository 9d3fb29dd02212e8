"""Inventories: pyinfra's own form, merged and validated before any connection is made."""
