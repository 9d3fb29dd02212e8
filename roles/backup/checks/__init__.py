"""The checks of the backup role, by subject; ``verify.py`` says in which order they run."""
