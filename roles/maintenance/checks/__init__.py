"""The checks of the maintenance role, by subject; ``verify.py`` says in which order they run."""
