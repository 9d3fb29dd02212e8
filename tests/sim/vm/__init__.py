"""A virtual machine with a kernel of its own: modules load for real, and a reboot is one."""
