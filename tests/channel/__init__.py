"""A locally built conda channel, a test installer with a simulated conda, and a wheelhouse.

No public conda channel is needed: packages are made from Debian's Python and from wheels,
solved and linked for real by py-rattler. What is simulated is only the `conda` program,
and it says so (`PREFIX/.deeprig-simulated`, `conda info --json`, `manifest.json`).
"""
