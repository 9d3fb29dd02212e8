"""Many hosts at once: where they differ from each other."""
