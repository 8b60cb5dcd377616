"""What `make bench` measures."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One measured value and its limit, both in `unit`."""

    name: str
    value: float
    limit: float
    unit: str = "s"

    @property
    def holds(self) -> bool:
        """Return whether the limit is kept."""
        return self.value <= self.limit
