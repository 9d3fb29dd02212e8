"""What hosts measured in earlier verifications, and whether a new one is as good."""
