"""Security updates, the journal's size, the clock."""

roles = ["base", "maintenance"]
