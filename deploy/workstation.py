"""Everything a workstation gets, in order: `deeprig apply`, or pyinfra's own command line.

    pyinfra inventory/lab.py deploy/workstation.py

Composition only: what a role does stands in roles/<role>/, what a lab wants in its inventory.
"""

from deeprig.compose import deploy_roles

deploy_roles(
    "cache",
    "base",
    "network",
    "nvidia_driver",
    "cuda",
    "conda",
    "maintenance",
    "cooling",
    "backup",
    "backup_server",
    "cache_server",
    "monitoring",
)
