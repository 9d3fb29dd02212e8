"""What the programs that change a machine share: how to look, refuse, and write for good."""
