"""A repository on the host's own disk: enough to prove that backups run and can be read."""

roles = ["base", "backup"]
backup = {
    "sources": ["/etc"],
    "repositories": {
        "disk": {
            "url": "/var/backups/deeprig",
            "password": {"command": ["echo", "of a throwaway host"]},
            "create": True,
        },
    },
}
