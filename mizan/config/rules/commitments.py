"""Rules between commitments, pools and prices: what is paid in advance must be able to be used."""

from collections.abc import Iterator, Mapping
from datetime import date
from types import MappingProxyType

from mizan.capacity import CapacityType
from mizan.catalogue import Provider, machines
from mizan.config.faults import ConfigFault, suggestion
from mizan.config.models.costs import CommitmentKind, Term, day_of
from mizan.config.part import Part
from mizan.config.rules.lookup import provider_of
from mizan.prices import COMMITMENT_FILE, PriceBook, committed_uses

# What one cloud alone sells; the other has a kind of its own for the same wish. Both sell reservations.
# Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-capacity-blocks.html;
# https://cloud.google.com/blog/products/compute/introducing-dynamic-workload-scheduler;
# https://docs.aws.amazon.com/savingsplans/latest/userguide/what-is-savings-plans.html;
# https://docs.cloud.google.com/compute/docs/instances/signing-up-committed-use-discounts, read 2026-11-22.
SELLERS: Mapping[str, Provider] = MappingProxyType(
    {
        CommitmentKind.CAPACITY_BLOCK: "aws",
        CommitmentKind.DWS_CALENDAR: "gcp",
        CommitmentKind.SAVINGS_PLAN: "aws",
        CommitmentKind.COMMITTED_USE: "gcp",
    }
)
INSTEAD: Mapping[str, str] = MappingProxyType(
    {
        CommitmentKind.CAPACITY_BLOCK: "`dws-calendar` with `usdPerHour`",
        CommitmentKind.DWS_CALENDAR: "`capacity-block` with `usdPerHour`",
        CommitmentKind.SAVINGS_PLAN: "`committed-use` with `machine`, `nodes` and `term`",
        CommitmentKind.COMMITTED_USE: "`savings-plan` with `usdPerHour` and `discountPercent`",
    }
)
PRICED_BY_LIST = {CommitmentKind.RESERVATION, CommitmentKind.COMMITTED_USE}


def commitments_cover_something(stack: Part, _: PriceBook, today: date) -> Iterator[ConfigFault]:
    """Yield a fault for each commitment that no pool can use, or that has ended."""
    of_pools = _on_demand_machines(stack)
    for commitment in stack["commitments"].items:
        machine = commitment["machine"]
        if machine.text is not None and of_pools is not None and machine.text not in of_pools:
            known = sorted(of_pools)
            yield ConfigFault(
                machine.path,
                machine.text,
                needs="the machine of a pool with on-demand capacity",
                because="what is bought in advance is used as on-demand, and is paid even if no pool can use it",
                fix=suggestion(machine.text, known) if known else "Add `{type: on-demand, maxNodes: 1}` to a pool",
            )
        until = day_of(commitment["until"].value)
        if until is not None and until < today:
            yield ConfigFault(
                commitment["until"].path,
                until.isoformat(),
                needs=f"a day not before {today}",
                because="what has ended covers nothing",
                fix="Remove the commitment, or write its new end",
            )


def clouds_sell_their_own_kinds(stack: Part, book: PriceBook, _: date) -> Iterator[ConfigFault]:
    """Yield a fault for each commitment that its cloud does not sell."""
    for commitment in stack["commitments"].items:
        if not _is_of_another_cloud(commitment, stack, book):
            continue
        kind = commitment["kind"]
        named = machines().get(commitment["machine"].text or "")
        provider = named.provider if named else provider_of(stack, book)
        whose = f"{named.name} is a machine of {provider}" if named else f"the stack's machines are of {provider}"
        yield ConfigFault(
            kind.path,
            kind.text,
            needs=f"a kind that {provider} sells",
            because=f"only {SELLERS[kind.text or '']} sells a {kind.text}, and {whose}",
            fix=f"Write {INSTEAD[kind.text or '']}{', or correct the machine' if named else ''}",
        )


def _is_of_another_cloud(commitment: Part, stack: Part, book: PriceBook) -> bool:
    """Return whether the cloud of a commitment's machine, or of the stack where it names none, has no such kind."""
    seller, named = SELLERS.get(commitment["kind"].text or ""), machines().get(commitment["machine"].text or "")
    provider = named.provider if named else provider_of(stack, book)
    return seller is not None and provider is not None and provider != seller


def _on_demand_machines(stack: Part) -> frozenset[str] | None:
    """Return the machines of pools with on-demand capacity; None where a pool's typing mistake hides one."""
    found = set()
    for pool in stack["pools"].items:
        kinds = [capacity["type"].text for capacity in pool["capacity"].items]
        if pool["machine"].text not in machines() or not kinds or not set(kinds) <= set(CapacityType):
            return None
        if CapacityType.ON_DEMAND in kinds:
            found.add(pool["machine"].text)
    return frozenset(name for name in found if name) if stack["pools"].items else None


def commitments_have_what_their_kind_needs(stack: Part, book: PriceBook, _: date) -> Iterator[ConfigFault]:
    """Yield a fault for each commitment whose size or price cannot be told; not for what its cloud does not sell."""
    for commitment in stack["commitments"].items:
        kind = commitment["kind"].text
        if kind not in set(CommitmentKind) or _is_of_another_cloud(commitment, stack, book):
            continue
        if kind == CommitmentKind.SAVINGS_PLAN:
            yield from _lacks(commitment, "usdPerHour", "a savings plan is so many dollars an hour")
            yield from _lacks(commitment, "discountPercent", "without it nobody knows how many hours it covers")
            yield from _idle(commitment, ("nodes", "term"), "a savings plan counts dollars, not machines")
            continue
        yield from _lacks(commitment, "machine", f"a {kind} is of one machine type")
        yield from _lacks(commitment, "nodes", f"a {kind} is of so many machines")
        yield from _idle(commitment, ("discountPercent",), "only a savings plan has one; write the price itself")
        if kind != CommitmentKind.COMMITTED_USE:
            yield from _idle(commitment, ("term",), "only a committed use has a public price by term")
        if kind not in PRICED_BY_LIST:
            yield from _lacks(commitment, "usdPerHour", f"no list says what your {kind} costs")
        elif kind == CommitmentKind.COMMITTED_USE:
            yield from _committed_use_price(stack, commitment)
        else:
            yield from _reservation_price(stack, commitment, book)


def _committed_use_price(stack: Part, commitment: Part) -> Iterator[ConfigFault]:
    """Yield a fault where a committed use has neither a price nor a term that the list has."""
    if commitment["usdPerHour"].value is not None:
        yield from _idle(commitment, ("term",), "with `usdPerHour` no list is read")
        return
    yield from _lacks(commitment, "term", "the public price depends on it")
    region, machine, term = stack["region"].text, commitment["machine"].text, commitment["term"].text
    if region and machine in machines() and term in set(Term) and (region, machine, term) not in committed_uses():
        yield ConfigFault(
            commitment["term"].path,
            term,
            needs=f"a price of {machine} in {region} for {term}",
            because="a missing price would read as free",
            fix=f"Write what you pay as `usdPerHour`, or add the row to {COMMITMENT_FILE}",
        )


def _reservation_price(stack: Part, commitment: Part, book: PriceBook) -> Iterator[ConfigFault]:
    """Yield a fault where a reservation has no price and its machine has no on-demand price either."""
    region, machine = stack["region"].text or "", commitment["machine"].text
    priced = commitment["usdPerHour"].value is not None
    if priced or machine is None or machine not in machines() or region not in book.regions:
        return
    if not book.price(region, machine, CapacityType.ON_DEMAND):
        yield ConfigFault(
            commitment["machine"].path,
            machine,
            needs=f"an on-demand price in {region}",
            because="a reservation costs as much, used or not",
            fix="Write what you pay as `usdPerHour`",
        )


def _lacks(commitment: Part, key: str, because: str) -> Iterator[ConfigFault]:
    if not commitment.has(key) or commitment[key].value is None:
        yield ConfigFault(commitment[key].path, "nothing", needs="a value", because=because, fix=f"Add `{key}`")


def _idle(commitment: Part, keys: tuple[str, ...], because: str) -> Iterator[ConfigFault]:
    for key in keys:
        if commitment.has(key) and commitment[key].value is not None:
            part = commitment[key]
            yield ConfigFault(part.path, part.value, needs="no value here", because=because, fix=f"Remove `{key}`")
