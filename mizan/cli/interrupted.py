"""How a command ends after Ctrl-C."""

from typing import Final

INTERRUPTED: Final = 130
"""As a shell counts it: 128 and the number of the signal."""
