"""Metrics of the host for node_exporter's textfile collector."""
