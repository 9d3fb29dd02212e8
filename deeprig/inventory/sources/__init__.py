"""Inventories from where they live: Ansible, SSH configuration, CSV, NetBox, Terraform."""
