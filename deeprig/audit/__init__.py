"""Grade a machine's hardware against published build rules: pure functions over collected facts."""
