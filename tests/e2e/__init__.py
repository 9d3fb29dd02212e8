"""End-to-end tests on real hosts over real SSH (deeprig lab; root needed)."""
