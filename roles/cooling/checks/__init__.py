"""Checks of the cooling role, by what they look at."""
