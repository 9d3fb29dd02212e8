"""The engine: pyinfra embedded, one independent run per host, nothing lost when one host fails."""
