"""The CI examples: read as their services read them, and settings of the role matrix."""
