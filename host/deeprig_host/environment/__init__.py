"""The environment that deeprig's own programs have on the host: made, observed, switched to."""
