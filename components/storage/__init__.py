"""Object storage of a stack."""
