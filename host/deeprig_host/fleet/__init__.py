"""What can drift between machines that are to be alike: told as sections of keys and values."""
