"""Simulated apt repositories of NVIDIA and Ubuntu, whose packages act as the real ones do."""
