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

# A new driver is loaded by a reboot, once and at the end of an apply.
reboot = "when-needed"

nvidia_driver = {"branch": "580", "drain_wait_minutes": 30, "power_limit_watts": 300}

cuda = {"toolkits": ["12.9", "13.0"], "default": "13.0"}

# What no software can read; `deeprig inspect` grades with it.
hardware = {"psu_watts": 1200, "cpu_watts": 230, "use": "research"}

cooling = {"target_c": 75}

monitoring = {"notify": {"minimum_severity": "critical", "mail": {"to": ["ada@example.org"]}}}

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
