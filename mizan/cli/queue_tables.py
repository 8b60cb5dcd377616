"""`mizan queues`: tables a person reads in one look, 80 columns wide."""

from collections.abc import Iterable
from decimal import Decimal

from rich.console import Console
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from mizan.cli.tables import add, print_whole, table
from mizan.cli.units import heading, of_part, unit, unit_cell, unit_column
from mizan.config import Fallback, ReclaimWithinCohort, WhenCanBorrow, WithinClusterQueue
from mizan.plan import CohortPlan, FlavorQuota, Plan, QueuePlan
from mizan.plan.pod_requests import spelt
from mizan.queueing import (
    Holdings,
    JobInQueue,
    Lender,
    Live,
    QuotaRow,
    ReserveRow,
    Units,
    planned_flavors,
    planned_quotas,
    units_of,
)
from mizan.queueing.words import duration, plain
from mizan.sharing import WHOLE

_IN_QUEUE = {
    WithinClusterQueue.NEVER: None,
    WithinClusterQueue.LOWER_PRIORITY: "lower priority",
    WithinClusterQueue.LOWER_OR_NEWER_EQUAL_PRIORITY: "lower or newer",
}
_BORROWERS = {
    ReclaimWithinCohort.NEVER: None,
    ReclaimWithinCohort.LOWER_PRIORITY: "lower borrower",
    ReclaimWithinCohort.ANY: "any borrower",
}
_STATES = {"running": "green", "admitted": "green", "starting": "yellow", "reserved": "yellow", "ending": "red"}


def show_plan(console: Console, plan: Plan) -> None:
    """Print what a stack allows: quotas, rules, cohorts, pools, priorities and what it probably does not mean."""
    columns = (heading(plan.flavors), *unit_column(plan.flavors), "#lends", "borrows at most")
    shown = table("Queues", "queue", "flavor", *columns)
    before = ""
    for row in planned_quotas(plan):
        most = f"{row.may_borrow} of {_named(row.lenders)}" if row.may_borrow else "-"
        queue, of_what = "" if row.queue == before else row.queue, unit_cell(row.flavor, plan.flavors)
        add(shown, queue, row.flavor.name, row.nominal, *of_what, row.lends, most)
        before = row.queue
    print_whole(console, shown)
    print_whole(console, _rules(plan))
    if any(queue.cohort for queue in plan.queues):
        for root in _cohorts(plan):
            print_whole(console, root)
    print_whole(console, _pools(plan))
    shown = table("Priorities, the highest first", "priority", "#value", "for")
    for priority in sorted(plan.priorities, key=lambda each: -each.value):
        add(shown, priority.name, priority.value, priority.description)
    print_whole(console, shown)
    _warn(console, plan.warnings)


def show_live(console: Console, plan: Plan, live: Live) -> None:
    """Print who holds what, who borrowed from whom, who waits and why, and who was evicted."""
    units = units_of(plan)
    console.print(Text(f"Stack {plan.stack} at {live.at:%Y-%m-%d %H:%M:%S} UTC", "dim"), soft_wrap=True)
    print_whole(console, _held(live.holdings, units))
    for line in _loans(live, units):
        console.print(Text(f"  {line}"), soft_wrap=True)
    held = "GPUs or parts of them" if units.has_parts else "GPUs"
    for shown, nothing in (
        (_holding(live, units), f"No job holds {held}."),
        (_waiting(live, units), "Nothing waits."),
        (_evictions(live), "Nothing was evicted."),
    ):
        if shown.row_count:
            print_whole(console, shown)
        else:
            console.print(Text(nothing, "dim"))
    over = [
        f"{row.root}, {row.flavor}: {spelt(plain(row.over), units.part(row.flavor, row.resource))} in use beyond every "
        "quota; nothing more is admitted until jobs end."
        for row in live.holdings.over
    ]
    _warn(console, [*over, *live.differences, *plan.warnings])


def _rules(plan: Plan) -> Table:
    shown = table("Rules", "queue", "to on-demand by", "own used up", "order", "preempts", "teams")
    for queue in plan.queues:
        is_alone = queue.cohort is None
        borrows = "borrows" if queue.when_can_borrow is WhenCanBorrow.BORROW else "next flavor"
        add(
            shown,
            queue.name,
            "autoscaler" if queue.fallback is Fallback.CAPACITY else "Kueue",
            "next flavor" if is_alone else borrows,
            queue.strategy,
            _preempts(queue),
            ", ".join(queue.namespaces) or "none",
        )
    return shown


def _preempts(queue: QueuePlan) -> str:
    """Return whose jobs go for a waiting one: in its own queue, and below it in others that borrow from it."""
    borrowers = _BORROWERS[queue.preemption.reclaim_within_cohort] if queue.cohort is not None else None
    return "\n".join(filter(None, (_IN_QUEUE[queue.preemption.within_cluster_queue], borrowers))) or "nobody"


def _cohorts(plan: Plan) -> Iterable[Tree]:
    """Yield a tree per root: cohorts with their own quota, and the queues in them."""
    declared = {cohort.name: cohort for cohort in plan.cohorts}
    named = sorted({*declared, *(queue.cohort for queue in plan.queues if queue.cohort)})
    for name in named:
        if name not in declared or declared[name].parent is None:
            tree = Tree(_cohort(name, declared))
            _grow(tree, name, plan, declared)
            yield tree


def _cohort(name: str, declared: dict[str, CohortPlan]) -> Text:
    quotas = declared[name].quotas if name in declared else ()
    own = ", ".join(f"{quota.nominal} {_counted(quota)}" for quota in quotas)
    return Text(f"cohort {name}" + (f", {own} of its own" if own else ""))


def _counted(quota: FlavorQuota) -> str:
    """Return what a quota counts: a flavor's GPUs by its name alone, parts of them with theirs."""
    sharing = quota.flavor.sharing
    return quota.flavor.name if sharing.counts_gpus else f"x {unit(sharing)} of {quota.flavor.name}"


def _grow(tree: Tree, name: str, plan: Plan, declared: dict[str, CohortPlan]) -> None:
    for cohort in declared.values():
        if cohort.parent == name:
            _grow(tree.add(_cohort(cohort.name, declared)), cohort.name, plan, declared)
    for queue in plan.queues:
        if queue.cohort == name:
            tree.add(Text(f"queue {queue.name}"))


def _pools(plan: Plan) -> Table:
    shown = table("Pools", "flavor", "#quotas", "#at most", *unit_column(plan.flavors), "")
    for row in planned_flavors(plan):
        excess = Text("quotas are beyond it", "yellow") if row.quotas > row.largest else ""
        add(shown, row.flavor.name, row.quotas, row.largest, *unit_cell(row.flavor, plan.flavors), excess)
    return shown


def _held(holdings: Holdings, units: Units) -> Table:
    """Return every queue's quotas, and behind them those of cohorts: nobody's own, so only lent."""
    rows: tuple[QuotaRow | ReserveRow, ...] = (*holdings.queues, *holdings.reserves)
    has_parts = any(units.part(row.flavor, row.resource) != WHOLE for row in rows)
    columns = ("#units", "of") if has_parts else ("#GPUs",)
    shown = table("Queues", "queue", "flavor", *columns, "#own", "#borrowed", "#lent", "#free")

    def counted(row: QuotaRow | ReserveRow) -> list[str]:
        part = [of_part(units.part(row.flavor, row.resource))] if has_parts else []
        return [row.flavor, plain(row.nominal), *part]

    before = ""
    for row in holdings.queues:
        borrowed = Text(plain(row.borrowed), "yellow" if row.borrowed else "")
        lent = _range(row.lent_at_least, row.lent_at_most)
        queue = "" if row.queue == before else row.queue
        add(shown, queue, *counted(row), plain(row.own), borrowed, lent, plain(row.free))
        before = row.queue
    for reserve in holdings.reserves:
        lent = _range(reserve.lent_at_least, reserve.lent_at_most)
        add(shown, f"cohort {reserve.cohort}", *counted(reserve), "-", "-", lent, "-")
    return shown


def _range(least: Decimal, most: Decimal) -> str:
    return plain(most) if least == most else f"{plain(least)}-{plain(most)}"


def _loans(live: Live, units: Units) -> Iterable[str]:
    """Yield who borrows from whom; of several who could have lent, Kueue does not say which."""
    for row in live.holdings.queues:
        if row.borrowed:
            part = units.part(row.flavor, row.resource)
            of_what = row.flavor if part == WHOLE else f"x {of_part(part)} of {row.flavor}"
            loan = f"{row.queue} borrows {plain(row.borrowed)} {of_what}"
            if not row.lenders:
                yield f"{loan} that nobody has to lend"
            elif len(row.lenders) == 1:
                yield f"{loan} of {_name(row.lenders[0])}"
            else:
                yield f"{loan} of these, and Kueue does not say of which: {_named(row.lenders, 'up to ')}"
    yield "free: given at once, borrowed included, nobody preempted"


def _holding(live: Live, units: Units) -> Table:
    has_parts = _have_parts(live.holding, units)
    title, column = ("Jobs that hold GPUs or parts of them", "#hold") if has_parts else ("Jobs that hold GPUs", "#GPUs")
    shown = table(title, "queue", "flavor", column, "priority", "state", "for", "job")
    for job in live.holding:
        add(
            shown,
            job.queue or "?",
            ", ".join(job.flavors) or "-",
            _asked(job, units, has_parts=has_parts),
            job.priority_class or str(job.priority),
            Text(job.state, _STATES.get(job.state, "")),
            _since(job.seconds),
            f"{job.namespace}/{job.name}",
        )
    return shown


def _waiting(live: Live, units: Units) -> Table:
    has_parts = _have_parts(live.waiting, units)
    column = "#ask for" if has_parts else "#GPUs"
    shown = table("Jobs that wait, in their queue's order", "queue", "#", column, "priority", "for", "job, and why")
    for job in live.waiting:
        add(
            shown,
            job.queue or f"no queue {job.local_queue}",
            "-" if job.position is None else job.position,
            _asked(job, units, has_parts=has_parts),
            job.priority_class or str(job.priority),
            _since(job.seconds),
            Text.assemble(f"{job.namespace}/{job.name}\n", (job.why, "yellow")),
        )
    return shown


def _have_parts(jobs: Iterable[JobInQueue], units: Units) -> bool:
    return any(each.part != WHOLE for job in jobs for each in units.asked(job))


def _asked(job: JobInQueue, units: Units, *, has_parts: bool) -> str:
    """Return how many GPUs a job takes, or of what how many where any job in the table takes parts of them."""
    asked = units.asked(job)
    if not has_parts:
        return plain(sum((each.units for each in asked), Decimal(0)))
    return "\n".join(spelt(plain(each.units), each.part) for each in asked) or "-"


def _evictions(live: Live) -> Table:
    shown = table("Evictions", "queue", "#times", "last", "job, and why")
    for job in live.evictions:
        last = "runs again" if job.seconds is None else f"{duration(job.seconds)} ago"
        add(
            shown,
            job.queue or f"no queue {job.local_queue}",
            job.times,
            last,
            Text.assemble(f"{job.namespace}/{job.name}\n", (job.why, "yellow")),
        )
    return shown


def _since(seconds: float | None) -> str:
    return "?" if seconds is None else duration(seconds)


def _named(lenders: Iterable[Lender], before: str = "") -> str:
    return ", ".join(f"{_name(lender)} {before}{plain(lender.at_most)}" for lender in lenders)


def _name(lender: Lender) -> str:
    return f"cohort {lender.name}" if lender.is_cohort else lender.name


def _warn(console: Console, warnings: Iterable[str]) -> None:
    for warning in warnings:
        console.print(Text(f"Warning: {warning}", "yellow"), soft_wrap=True)
