"""`mizan plan`: tables a person reads in one look, 80 columns wide."""

from collections.abc import Sequence
from decimal import Decimal

from rich.console import Console
from rich.table import Table
from rich.text import Text

from mizan.cli.price_tables import DERIVED, LEGEND, dollars
from mizan.cli.tables import add, print_whole, table
from mizan.cli.units import heading, unit, unit_cell, unit_column
from mizan.plan import Candidate, CommitmentPlan, Offer, Plan, PoolPlan
from mizan.plan.part_prices import priced_parts
from mizan.prices import PRICE_MAX_AGE_DAYS, Price
from mizan.sharing import GpuSharing, Manager, SharingMode
from mizan.sharing.mig import spelt

STALE = "!"


def show_plan(console: Console, plan: Plan, warnings: Sequence[str]) -> None:
    """Print pools with their offers, commitments, queues and jobs of a plan, and what else its reader should know."""
    console.print(Text(f"Stack {plan.stack}: cloud {plan.cloud}, region {plan.region}, {plan.today}"), soft_wrap=True)
    for pool in plan.pools:
        console.print()
        _pool(console, pool, plan)
    console.print()
    _legend(console, plan)
    shown = [_commitments(plan)] if plan.commitments else []
    shown += [_queues(plan), *([_jobs(plan)] if plan.jobs else [])]
    for each in shown:
        console.print()
        print_whole(console, each)
    if warnings:
        console.print()
    for warning in warnings:
        console.print(Text(f"Warning: {warning}", "yellow"), soft_wrap=True)


def _pool(console: Console, pool: PoolPlan, plan: Plan) -> None:
    """Print a pool's offers in the order they are tried, and below them the reason of each."""
    machine = pool.machine
    shown = table(
        f"Pool {pool.name}: {machine.name}, {machine.gpus} {machine.gpu.name} a node, order: {pool.order}",
        "#",
        "offer",
        "#nodes",
        "#USD per hour",
        "#of",
        "#useful hour",
        "#weight",
    )
    for number, offer in enumerate(pool.offers, start=1):
        add(shown, number, offer.name, _nodes(offer), *_money(offer, plan), offer.weight)
    for candidate in pool.left_out:
        add(shown, "-", candidate.capacity_type, "-", *_money(candidate, plan), "-")
    print_whole(console, shown)
    if pool.sharing.mode is not SharingMode.NONE:
        _parts(console, pool)
    why = table("", "#", "why")
    doubts = {candidate.capacity_type: candidate.left_out for candidate in pool.doubtful}
    for number, offer in enumerate(pool.offers, start=1):
        doubt = doubts.get(offer.capacity_type)
        add(why, number, f"{offer.worth.reason}{f'; kept although: {doubt}' if doubt else ''}")
    for candidate in pool.left_out:
        add(why, "-", f"{candidate.capacity_type} is left out: {candidate.left_out}. Write `order: listed` to keep it.")
    print_whole(console, why)


def _nodes(offer: Offer) -> str:
    """Return how many nodes there can be, with the fewest where some always stay."""
    return f"{offer.min_nodes}-{offer.max_nodes}" if offer.min_nodes else str(offer.max_nodes)


def _parts(console: Console, pool: PoolPlan) -> None:
    """Print how pods share a pool's GPUs, and what a part costs on each offer."""
    console.print(Text(f"shared: {_shared(pool.sharing)}"), soft_wrap=True)
    shown = table("", "part", "#of a GPU", "#of a node", "#GiB", "resource")
    for part in pool.sharing.parts:
        add(
            shown,
            part.name,
            part.per_gpu,
            part.per_gpu * pool.machine.gpus,
            f"{float(part.memory_gib):g}",
            part.resource,
        )
    print_whole(console, shown)
    prices = table("", "offer", "part", "#USD per hour of it")
    for offer in pool.offers:
        for place, priced in enumerate(priced_parts(offer)):
            add(prices, "" if place else offer.name, priced.name, dollars(priced.usd_per_hour, offer.price))
    print_whole(console, prices)


def _shared(sharing: GpuSharing) -> str:
    """Return a pool's sharing in words."""
    set_up = {Manager.OPERATOR: "NVIDIA's GPU operator", Manager.GKE: "GKE"}[sharing.manager]
    if sharing.layout:
        how = f"{sharing.mode}, each GPU cut into {spelt(sharing.layout)}"
    elif sharing.replicas > 1:
        how = f"{sharing.mode}, {sharing.replicas} pods on each GPU"
    else:
        how = f"{sharing.mode}, pods claim whole GPUs"
    return f"{how}; set up by {set_up}; a unit of a quota: {unit(sharing)}"


def _money(of: Offer | Candidate, plan: Plan) -> tuple[str, str, str]:
    """Return (price, its day, price of a useful hour), each with its mark."""
    useful = of.worth.usd_per_useful_hour
    day = f"{of.price.as_of}{STALE if of.price.is_stale(plan.today) else ' '}"
    return dollars(of.price.usd_per_hour, of.price), day, "-" if useful is None else dollars(useful, of.price)


def _legend(console: Console, plan: Plan) -> None:
    prices: list[Price] = [offer.price for offer in plan.offers]
    prices += [candidate.price for pool in plan.pools for candidate in pool.left_out]
    bought = plan.commitments
    has_derived = any(price.is_derived for price in prices) or any(each.is_derived for each in bought)
    lines = [LEGEND] if has_derived else []
    if any(price.is_stale(plan.today) for price in prices) or any(each.is_stale(plan.today) for each in bought):
        lines.append(f"{STALE} over {PRICE_MAX_AGE_DAYS} days old: look whether the cloud still asks as much")
    if any(offer.is_committed for offer in plan.offers):
        lines.append("USD per hour: without commitments, which have a table of their own")
    least = "the fewest, where some always stay, and " if any(offer.min_nodes for offer in plan.offers) else ""
    lines.append(f"nodes: {least}the most there can be; weight: the autoscaler takes the highest that fits")
    lines.append("useful hour: what an hour of work costs, with what interruptions take of it")
    for line in lines:
        console.print(Text(line, "dim"), soft_wrap=True)


def _commitments(plan: Plan) -> Table:
    shown = table("Commitments, paid whether used or not", "commitment", "kind", "covers", "#USD per hour", "#of")
    for each in plan.commitments:
        add(shown, each.name, each.kind, _covers(each), _price(each), _day(each, plan))
    return shown


def _price(commitment: CommitmentPlan) -> str:
    """Return what an hour costs; a derived price marked, a listed one with the mark's place free."""
    mark = DERIVED if commitment.is_derived else " "
    return f"{commitment.usd_per_hour.quantize(Decimal('0.0001'))}{mark}"


def _day(commitment: CommitmentPlan, plan: Plan) -> str:
    """Return the day of a commitment's price; what the stack states has none."""
    if commitment.as_of is None:
        return "- "
    return f"{commitment.as_of}{STALE if commitment.is_stale(plan.today) else ' '}"


def _covers(commitment: CommitmentPlan) -> str:
    machine = commitment.machine.name if commitment.machine else f"every machine of {commitment.provider}"
    return machine if commitment.nodes is None else f"{commitment.nodes} {machine}"


def _queues(plan: Plan) -> Table:
    names = ("queue", "flavor", heading(plan.flavors), *unit_column(plan.flavors), "offers")
    shown = table("Queues, flavors in the order tried", *names)
    for queue in plan.queues:
        for position, quota in enumerate(queue.quotas):
            offers = ", ".join(offer.name for offer in quota.flavor.offers)
            unit_of_it = unit_cell(quota.flavor, plan.flavors)
            add(shown, "" if position else queue.name, quota.flavor.name, quota.nominal, *unit_of_it, offers)
    return shown


def _jobs(plan: Plan) -> Table:
    shown = table("Jobs", "job", "queue", "#pods", "#a pod asks for", "#checkpoint every")
    for job in plan.jobs:
        every = f"{job.checkpoint_seconds} s"
        add(shown, f"{job.namespace}/{job.name}", job.queue, job.pods, job.request.words, every)
    return shown
