"""The base role alone: packages, a user, the time zone."""

roles = ["base"]
base = {
    "packages": ["curl", "git", "htop"],
    "timezone": "Europe/Berlin",
    "users": [{"name": "ada", "sudo": "nopasswd"}],
}
