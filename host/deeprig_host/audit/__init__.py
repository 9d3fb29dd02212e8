"""What hardware this machine has: facts out of the kernel, the firmware's tables and NVML."""
