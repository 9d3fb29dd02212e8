"""Faults on real hosts: each is made, told, ended, and followed by a run that converges."""
