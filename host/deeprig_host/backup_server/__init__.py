"""What a backup server does itself: prune for clients that may not, and try its own REST server."""
