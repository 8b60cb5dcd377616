"""What several rules look up in a stack."""

from collections.abc import Callable, Iterator
from datetime import date

from mizan.catalogue import Machine, Provider, machines
from mizan.config.faults import ConfigFault, suggestion
from mizan.config.part import Part
from mizan.prices import PriceBook

Rule = Callable[[Part], Iterator[ConfigFault]]
PriceRule = Callable[[Part, PriceBook, date], Iterator[ConfigFault]]


def unknown_name(part: Part, what: str, known: frozenset[str] | None) -> Iterator[ConfigFault]:
    """Yield a fault where a part names something that is not among `known`; None knows everything."""
    if part.text is None or known is None or part.text in known:
        return
    because = f"a {what} that does not exist would leave jobs waiting for ever"
    fix = suggestion(part.text, known)
    yield ConfigFault(part.path, part.text, needs=f"a {what} of this stack", because=because, fix=fix)


def machine_of(stack: Part, pool: str | None) -> Machine | None:
    """Return a pool's machine, None where the pool or the machine is unknown."""
    return machines().get(stack["pools"].named(pool)["machine"].text or "")


def provider_of(stack: Part, book: PriceBook) -> Provider | None:
    """Return whose cloud a stack is priced in: its region's, or that of its first machine where no price tells it."""
    region = stack["region"].text
    of_region = {machines()[row.machine].provider for row in book if row.region == region and row.machine in machines()}
    if len(of_region) == 1:
        return of_region.pop()
    of_pools = (machines().get(pool["machine"].text or "") for pool in stack["pools"].items)
    return next((machine.provider for machine in of_pools if machine), None)
