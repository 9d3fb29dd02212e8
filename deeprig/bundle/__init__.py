"""Bundles: everything that hosts without a way out need, in one directory or archive."""
