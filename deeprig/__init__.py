"""deeprig turns a fresh Ubuntu or Debian machine into a deep-learning workstation over SSH."""

__version__ = "0.1.0"
