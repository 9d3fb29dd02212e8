"""The exporter of a machine that has no GPU."""

roles = ["base", "monitoring"]
