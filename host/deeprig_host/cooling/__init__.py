"""The cooling daemon: fans by a curve or a target, and never a fan left low."""
