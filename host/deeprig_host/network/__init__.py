"""The network of this machine: look, change with a way back that the machine takes by itself."""
