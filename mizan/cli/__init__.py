"""The `mizan` command: the edge of the core."""

from mizan.cli.app import main

__all__ = ["main"]
