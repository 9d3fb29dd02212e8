"""The lab's download cache: how its web server reaches the outside."""
