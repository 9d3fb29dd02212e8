"""Backups by restic: the job, what it says of itself, and what proves that it restores."""
