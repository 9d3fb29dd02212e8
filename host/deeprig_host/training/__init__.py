"""Proof that an environment trains: run inside it, with nothing but what it has.

The way of one run: ``options`` → ``framework`` (one module each) → ``device`` → ``data`` →
train → ``reload`` in a new process → ``evaluation`` → ``document``. All but the framework
modules and the bodies of ``data`` is plain standard library.
"""
