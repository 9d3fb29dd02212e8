"""A re-run that asks each host once: is everything that the last evaluation read still the same?

See docs/recheck.md. What runs before a run is decided on (``inputs``, ``record``, ``ask``) imports
neither pyinfra nor anything else that takes long to load.
"""
