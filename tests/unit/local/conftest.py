"""What several files about the toolchain share."""

from pathlib import Path

import pytest
from toolchain_builders import Machine


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine with the tiny tool's sources and no Go yet; PATH is its folder `bin`."""
    return Machine(tmp_path)
