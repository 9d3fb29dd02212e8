"""Verification: each role's testinfra checks over a fresh SSH connection, reading the host only."""
