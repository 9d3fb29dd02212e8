"""Proof that an environment trains: run inside it, with nothing but what it has."""
