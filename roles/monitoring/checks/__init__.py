"""The checks of the monitoring role, by subject; ``verify.py`` says in which order they run."""
