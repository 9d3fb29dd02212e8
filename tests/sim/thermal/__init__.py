"""Simulated NVML whose cards heat, cool and slow down: see README.md. Simulated throughout."""
