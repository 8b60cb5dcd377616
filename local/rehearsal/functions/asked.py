"""What a function of a cloud is asked, and the refusal to answer."""

from collections.abc import Mapping
from dataclasses import dataclass

from local.rehearsal.store import Condition, Record
from local.rehearsal.values import Values


class NotFound(Exception):
    """What was asked for is not there."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One question.

    Attributes:
        arguments: as the program gives them.
        settings: of the provider.
        records: everything in the cloud.
    """

    arguments: Values
    settings: Values
    records: list[Record]

    def setting(self, name: str) -> str:
        """Return an argument, or what the provider has in its place.

        Raises:
            NotFound: neither is there.
        """
        value = self.arguments.get(name) or self.settings.get(name)
        if not value:
            msg = f"{name} is given neither here nor to the provider"
            raise NotFound(msg)
        return str(value)

    def of(self, kind: str, wanted: Mapping[str, object]) -> Record:
        """Return the resource of a type with these outputs.

        Raises:
            NotFound: there is none.
        """
        given = {name: value for name, value in wanted.items() if value}
        for record in self.records:
            if record.type == kind and record.condition is not Condition.KEPT and given.items() <= record.facts.items():
                return record
        named = ", ".join(f"{name} {value}" for name, value in given.items())
        msg = f"there is no {kind.rpartition(':')[2]} with {named}"
        raise NotFound(msg)
