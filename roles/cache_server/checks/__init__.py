"""What is checked of a cache."""
