"""Programs of deeprig that run on the provisioned machine."""
