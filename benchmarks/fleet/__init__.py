"""deeprig beside stock pyinfra, Ansible and one SSH command: the same work, in one run."""
