"""What verify asks of a backup server."""
