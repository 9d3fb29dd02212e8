"""Waves: apply and update go over many hosts step by step, and stop themselves."""
