"""The NVIDIA driver on this machine: look, change as one transaction, prove, put back."""
