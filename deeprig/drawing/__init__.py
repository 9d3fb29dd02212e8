"""Diagrams as data, and what draws them: axes, lines and marked values, as SVG."""
