"""Wheels for the host's own environment: which ones, where from, and our own built from source."""
