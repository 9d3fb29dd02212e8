"""Certificates: what a verification proved, did not prove and skipped, for people and archives."""
