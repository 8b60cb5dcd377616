"""Rules between a stack and the price rows: what has no price must not read as free."""

import re
from collections.abc import Iterator
from datetime import date
from difflib import SequenceMatcher

from mizan.capacity import CapacityType
from mizan.catalogue import Machine, machines
from mizan.config.faults import ConfigFault
from mizan.config.models.stack import REGION_PATTERN
from mizan.config.part import Part
from mizan.config.rules.lookup import provider_of
from mizan.prices import PRICE_FILE, PriceBook

BECAUSE = "a missing price would read as free"

# As many as a person compares at a glance.
NEAREST_SHOWN = 3


def the_region_has_prices(stack: Part, book: PriceBook, _: date) -> Iterator[ConfigFault]:
    """Yield one fault for a region that no price row knows, however many pools it has."""
    region = stack["region"]
    if region.text is None or not re.fullmatch(REGION_PATTERN, region.text) or region.text in book.regions:
        return
    yield ConfigFault(
        region.path,
        region.text,
        needs="a region with prices",
        because=BECAUSE,
        fix=f"Write {' or '.join(_nearest(region.text, book))}, or add its rows to {PRICE_FILE}",
    )


def pools_are_of_one_cloud(stack: Part, book: PriceBook, _: date) -> Iterator[ConfigFault]:
    """Yield a fault for each pool of another cloud than the region's, where other pools are of that one."""
    provider, strangers = provider_of(stack, book), _strangers(stack, book)
    for pool in stack["pools"].items:
        machine = machines().get(pool["machine"].text or "")
        if machine in strangers:
            yield ConfigFault(
                pool["machine"].path,
                machine.name,
                needs=f"a machine of {provider}",
                because=f"a stack is one cluster in one region of {provider}, and {machine.name} is a machine of "
                f"{machine.provider}",
                fix=f"Take a machine of {provider}, or give the pool a stack of its own in a region of "
                f"{machine.provider}",
            )


def offers_have_a_price(stack: Part, book: PriceBook, _: date) -> Iterator[ConfigFault]:
    """Yield one fault for each pool whose machine lacks a price for a capacity type that it buys.

    In a region without any price only what no region has a price for is a fault of the pool. A pool of another cloud
    than the others is told to be that.
    """
    region, strangers = stack["region"].text, _strangers(stack, book)
    for pool in stack["pools"].items:
        name = pool["machine"]
        machine = machines().get(name.text or "")
        bought = {item["type"].text for item in pool["capacity"].items}
        kinds = [kind for kind in CapacityType if kind in bought]
        if machine is None or machine in strangers:
            continue
        missing = [kind for kind in kinds if not _is_priced(machine, kind, region, book)]
        if missing:
            yield ConfigFault(
                name.path,
                machine.name,
                needs=f"a price for {' and '.join(missing)}{f' in {region}' if region in book.regions else ''}",
                because=BECAUSE,
                fix=f"Add the rows to {PRICE_FILE} or to the stack's `priceFile`, "
                f"or {_way_out(machine, kinds, region, book)}",
            )


def _strangers(stack: Part, book: PriceBook) -> list[Machine]:
    """Return the machines of another cloud than the region's; none where every pool is of another one."""
    found = [machines().get(pool["machine"].text or "") for pool in stack["pools"].items]
    provider = provider_of(stack, book)
    known = [machine for machine in found if machine]
    strangers = [machine for machine in known if machine.provider != provider]
    return strangers if len(strangers) < len(known) else []


def _is_priced(machine: Machine, kind: CapacityType, region: str | None, book: PriceBook) -> bool:
    """Return whether a machine has a price in a region, or in any where the region itself is at fault."""
    places = book.regions & {region} or book.regions
    return any(book.price(place, machine.name, kind) for place in places)


def _way_out(machine: Machine, kinds: list[CapacityType], region: str | None, book: PriceBook) -> str:
    """Return a change of the stack after which every capacity type of a pool has a price."""
    elsewhere = [
        place for place in sorted(book.regions) if all(_is_priced(machine, kind, place, book) for kind in kinds)
    ]
    if elsewhere:
        return f"use the region {' or '.join(elsewhere)}"
    alike = sorted(
        other.name
        for other in machines().values()
        if other.gpu is machine.gpu and all(_is_priced(other, kind, region, book) for kind in kinds)
    )
    if alike:
        return f"use another machine with {machine.gpu.name}: {', '.join(alike)}"
    return "use another machine"


def _nearest(region: str, book: PriceBook) -> list[str]:
    """Return the regions with prices that are spelt most alike."""
    return sorted(book.regions, key=lambda known: (-SequenceMatcher(None, known, region).ratio(), known))[
        :NEAREST_SHOWN
    ]
