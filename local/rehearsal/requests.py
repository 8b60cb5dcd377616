"""What a simulated cloud is asked about, and its refusal."""

from collections.abc import Callable
from dataclasses import dataclass

from local.rehearsal.store import Record


@dataclass(frozen=True, kw_only=True)
class Target:
    """What a request is about: a resource, or a function or package, which have no name.

    Attributes:
        type: of the resource, or the function or package itself.
        urn: Pulumi's name of the resource.
    """

    type: str
    urn: str = ""

    @property
    def name(self) -> str:
        """Return its name in the program."""
        return self.urn.rpartition("::")[2]

    def __str__(self) -> str:
        """Return what a fault calls it."""
        return f"{self.type}:{self.name}" if self.urn else self.type


Say = Callable[[Target, str], None]


class Refused(Exception):
    """The cloud does not do it.

    Attributes:
        record: what is there nevertheless, half made; None where nothing is.
    """

    def __init__(self, message: str, record: Record | None = None) -> None:
        """Keep the message and what was left behind."""
        super().__init__(message)
        self.record = record
