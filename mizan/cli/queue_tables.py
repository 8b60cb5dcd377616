"""`mizan queues`: tables a person reads in one look, 80 columns wide."""

from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from mizan.config import Fallback, WhenCanBorrow
from mizan.plan import CohortPlan, Plan
from mizan.queueing import Lender, Live, QuotaRow, planned_flavors, planned_quotas
from mizan.queueing.words import duration, plain

# Narrower than this a name is folded into pieces that nobody reads.
NAME_COLUMNS = 12
GAP_COLUMNS = 2
_STATES = {"running": "green", "admitted": "green", "starting": "yellow", "reserved": "yellow", "ending": "red"}


def show_plan(console: Console, plan: Plan) -> None:
    """Print what a stack allows: quotas, rules, cohorts, pools, priorities and what it probably does not mean."""
    table = _table("Queues", "queue", "flavor", "#GPUs", "#lends", "borrows at most")
    before = ""
    for row in planned_quotas(plan):
        most = f"{row.may_borrow} of {_named(row.lenders)}" if row.may_borrow else "-"
        _add(table, "" if row.queue == before else row.queue, row.flavor.name, row.nominal, row.lends, most)
        before = row.queue
    _print(console, table)
    _print(console, _rules(plan))
    if any(queue.cohort for queue in plan.queues):
        for root in _cohorts(plan):
            _print(console, root)
    _print(console, _pools(plan))
    table = _table("Priorities, the highest first", "priority", "#value", "for")
    for priority in sorted(plan.priorities, key=lambda each: -each.value):
        _add(table, priority.name, priority.value, priority.description)
    _print(console, table)
    _warn(console, plan.warnings)


def show_live(console: Console, plan: Plan, live: Live) -> None:
    """Print who holds what, who borrowed from whom, who waits and why, and who was evicted."""
    console.print(Text(f"Stack {plan.stack} at {live.at:%Y-%m-%d %H:%M:%S} UTC", "dim"), soft_wrap=True)
    _print(console, _held(live.holdings.queues))
    for line in _loans(live):
        console.print(Text(f"  {line}"), soft_wrap=True)
    for jobs, table, nothing in (
        (live.holding, _holding, "No job holds GPUs."),
        (live.waiting, _waiting, "Nothing waits."),
        (live.evictions, _evictions, "Nothing was evicted."),
    ):
        if jobs:
            _print(console, table(live))
        else:
            console.print(Text(nothing, "dim"))
    over = [
        f"{row.root}, {row.flavor}: {plain(row.over)} GPUs in use beyond every quota; nothing more is admitted until "
        "jobs end."
        for row in live.holdings.over
    ]
    _warn(console, [*over, *live.differences, *plan.warnings])


def _rules(plan: Plan) -> Table:
    table = _table("Rules", "queue", "to on-demand by", "own used up", "order", "teams")
    for queue in plan.queues:
        is_alone = queue.cohort is None
        borrows = "borrows" if queue.when_can_borrow is WhenCanBorrow.BORROW else "next flavor"
        _add(
            table,
            queue.name,
            "autoscaler" if queue.fallback is Fallback.CAPACITY else "Kueue",
            "next flavor" if is_alone else borrows,
            queue.strategy,
            ", ".join(queue.namespaces) or "none",
        )
    return table


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
    own = ", ".join(f"{quota.nominal} {quota.flavor.name}" for quota in quotas)
    return Text(f"cohort {name}" + (f", {own} of its own" if own else ""))


def _grow(tree: Tree, name: str, plan: Plan, declared: dict[str, CohortPlan]) -> None:
    for cohort in declared.values():
        if cohort.parent == name:
            _grow(tree.add(_cohort(cohort.name, declared)), cohort.name, plan, declared)
    for queue in plan.queues:
        if queue.cohort == name:
            tree.add(Text(f"queue {queue.name}"))


def _pools(plan: Plan) -> Table:
    table = _table("Pools", "flavor", "#quotas", "#at most", "")
    for row in planned_flavors(plan):
        excess = Text("quotas are beyond it", "yellow") if row.quotas > row.largest else ""
        _add(table, row.flavor.name, row.quotas, row.largest, excess)
    return table


def _held(rows: Sequence[QuotaRow]) -> Table:
    table = _table("Queues", "queue", "flavor", "#GPUs", "#own", "#borrowed", "#lent", "#free")
    before = ""
    for row in rows:
        least, most = plain(row.lent_at_least), plain(row.lent_at_most)
        lent = most if least == most else f"{least}-{most}"
        borrowed = Text(plain(row.borrowed), "yellow" if row.borrowed else "")
        queue = "" if row.queue == before else row.queue
        _add(table, queue, row.flavor, plain(row.nominal), plain(row.own), borrowed, lent, plain(row.free))
        before = row.queue
    return table


def _loans(live: Live) -> Iterable[str]:
    """Yield who borrows from whom; of several who could have lent, Kueue does not say which."""
    for row in live.holdings.queues:
        if row.borrowed:
            loan = f"{row.queue} borrows {plain(row.borrowed)} {row.flavor}"
            if not row.lenders:
                yield f"{loan} that nobody has to lend"
            elif len(row.lenders) == 1:
                yield f"{loan} of {_name(row.lenders[0])}"
            else:
                yield f"{loan} of these, and Kueue does not say of which: {_named(row.lenders, 'up to ')}"
    yield "free: given at once, borrowed included, nobody preempted"


def _holding(live: Live) -> Table:
    table = _table("Jobs that hold GPUs", "queue", "flavor", "#GPUs", "priority", "state", "for", "job")
    for job in live.holding:
        _add(
            table,
            job.queue or "?",
            ", ".join(job.flavors) or "-",
            plain(job.gpus),
            job.priority_class or str(job.priority),
            Text(job.state, _STATES.get(job.state, "")),
            _since(job.seconds),
            f"{job.namespace}/{job.name}",
        )
    return table


def _waiting(live: Live) -> Table:
    table = _table("Jobs that wait, in their queue's order", "queue", "#", "#GPUs", "priority", "for", "job, and why")
    for job in live.waiting:
        _add(
            table,
            job.queue or f"no queue {job.local_queue}",
            "-" if job.position is None else job.position,
            plain(job.gpus),
            job.priority_class or str(job.priority),
            _since(job.seconds),
            Text.assemble(f"{job.namespace}/{job.name}\n", (job.why, "yellow")),
        )
    return table


def _evictions(live: Live) -> Table:
    table = _table("Evictions", "queue", "#times", "last", "job, and why")
    for job in live.evictions:
        last = "runs again" if job.seconds is None else f"{duration(job.seconds)} ago"
        _add(
            table,
            job.queue or f"no queue {job.local_queue}",
            job.times,
            last,
            Text.assemble(f"{job.namespace}/{job.name}\n", (job.why, "yellow")),
        )
    return table


def _since(seconds: float | None) -> str:
    return "?" if seconds is None else duration(seconds)


def _named(lenders: Iterable[Lender], before: str = "") -> str:
    return ", ".join(f"{_name(lender)} {before}{plain(lender.at_most)}" for lender in lenders)


def _name(lender: Lender) -> str:
    return f"cohort {lender.name}" if lender.is_cohort else lender.name


def _warn(console: Console, warnings: Iterable[str]) -> None:
    for warning in warnings:
        console.print(Text(f"Warning: {warning}", "yellow"), soft_wrap=True)


def _table(title: str, *columns: str) -> Table:
    """Return a table; a column whose name begins with # holds numbers, which are never cut."""
    table = Table(
        title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, GAP_COLUMNS, 0, 0)
    )
    for column in columns:
        if column.startswith("#"):
            table.add_column(column.removeprefix("#") or "#", header_style="dim", justify="right", no_wrap=True)
        else:
            table.add_column(column, header_style="dim", overflow="fold")
    return table


def _add(table: Table, *cells: str | int | Text) -> None:
    """Add a row; brackets in names and messages are no markup."""
    table.add_row(*(cell if isinstance(cell, Text) else Text(str(cell)) for cell in cells))


def _print(console: Console, table: Table | Tree) -> None:
    """Print whole: what is wider than the screen is wrapped by the terminal rather than cut."""
    screen = console.width
    # `print` takes no width beyond the console's own.
    console.width = max(screen, _least_width(table) if isinstance(table, Table) else 0)
    console.print(table)
    console.width = screen


def _least_width(table: Table) -> int:
    """Return the width at which every number stands on one line, and every name has some room of its own."""
    total = 0
    for column in table.columns:
        texts = [str(cell) for cell in (column.header, *column.cells)]
        widest = max(cell_len(line) for text in texts for line in (text.splitlines() or [""]))
        if not column.no_wrap:
            widest = column.min_width = min(widest, NAME_COLUMNS)
        total += widest + GAP_COLUMNS
    return total
