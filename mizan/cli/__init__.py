"""The `mizan` command: the edge of the core."""

import sys

from mizan.cli.interrupted import INTERRUPTED

try:
    from mizan.cli.app import main
# Half a second goes by before the command itself can answer Ctrl-C.
except KeyboardInterrupt:
    sys.exit(INTERRUPTED)

__all__ = ["main"]
