"""What NVML tells about GPUs: one room for the programs that cool and watch them."""
