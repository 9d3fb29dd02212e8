"""Settings of every machine. A group's file, or a host's own entry, overrides single values."""

ssh_user = "ubuntu"

base = {
    "timezone": "Europe/Berlin",
    "locale": "en_US.UTF-8",
    "packages": ["curl", "git", "htop", "rsync", "tmux", "build-essential"],
    "users": [
        {
            "name": "ada",
            "keys": ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExample00 ada"],
            "sudo": "password",
        },
    ],
}

conda = {
    "environments": [
        {
            "name": "torch",
            "python": "3.11",
            "pip": {"packages": ["torch==2.13.0", "scikit-learn"]},
            "training_test": "pytorch",
        },
    ],
}
