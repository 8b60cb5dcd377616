"""The screens of `make up` and `make status`: tables a person reads in one look."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from local.control_plane.status import ProcessStatus, State, total_rss_bytes
from local.overview import CapacityRow, capacity_rows, job_rows
from local.snapshot import Snapshot
from mizan import keys
from mizan.plan import Plan
from mizan.prices import PRICE_MAX_AGE_DAYS
from mizan.queueing import holdings
from mizan.queueing.words import duration, plain

COMMANDS = (
    ('eval "$(make env)"', "kubectl and pulumi here: kubectl get jobs -A"),
    ("make status", "what runs, and where its log is; `make open`: what it costs, and what of it is idle"),
    ("make down", "end it; `make down PURGE=1` also forgets it"),
)
_STATES = {
    "running": "green",
    "done": "green",
    "waiting": "yellow",
    "starting": "yellow",
    "new": "yellow",
    "failed": "red",
}
_PROCESS_STATES = {State.RUNNING: "green", State.NOT_READY: "yellow", State.KILLED: "red", State.STOPPED: "dim"}
MEBIBYTE = 1024 * 1024


def show_platform(console: Console, snapshot: Snapshot, plan: Plan) -> None:
    """Print nodes, queues, jobs and what to try next."""
    console.print(Group(_capacity(snapshot, plan), _quotas(snapshot), _jobs(snapshot), _commands()))


def show_processes(console: Console, rows: Sequence[ProcessStatus]) -> None:
    """Print one line per process, why one does not run as it should, and where the logs are."""
    table = _table("Control plane", "process", "state", "for", "pid", "port", "memory")
    for row in rows:
        memory = f"{row.rss_bytes / MEBIBYTE:.0f} MiB" if row.rss_bytes else ""
        port = "" if row.port is None else str(row.port)
        state = Text(row.state, _PROCESS_STATES[row.state])
        uptime = "" if row.uptime_seconds is None else duration(row.uptime_seconds)
        _add(table, row.name, state, uptime, str(row.pid or ""), port, memory)
    console.print(table)
    for row in rows:
        if fault := _fault(row):
            console.print(Text(fault, _PROCESS_STATES[row.state]), soft_wrap=True)
    running = sum(row.state is State.RUNNING for row in rows)
    memory = f"{total_rss_bytes(rows) / MEBIBYTE:.0f} MiB together"
    logs = rows[0].log.with_name("<process>.log")
    console.print(Text(f"{running} of {len(rows)} running, {memory}; logs: {logs}"), soft_wrap=True)


def _fault(row: ProcessStatus) -> str | None:
    """Return why a process does not run as it should, on one line, or None where it does."""
    if row.state is State.KILLED:
        return f"{row.name} was killed; `make up` brings it back"
    if row.state is State.NOT_READY:
        return f"{row.name} is not ready: {' '.join((row.detail or 'no reason given').split())}"
    return None


def _capacity(snapshot: Snapshot, plan: Plan) -> Group:
    table = _table("Nodes", "capacity", "machine", "GPU", "nodes", "GPUs", "used", "USD per hour")
    rows = capacity_rows(snapshot, plan)
    for row in rows:
        _add(
            table,
            row.capacity_type,
            row.machine,
            row.gpu_product,
            str(row.nodes),
            str(row.gpus),
            _used(row),
            "unknown" if row.usd_per_hour is None else f"{row.usd_per_hour:.2f}",
        )
    if not rows:
        return Group(table, Text("  No GPU node: nothing runs, so nothing is paid for.", "dim"))
    dates = sorted({offer.price.as_of.isoformat() for offer in plan.offers})
    # What is shown is what is added up: rounded rows, or their sum would look wrong by a cent.
    total = sum((round(row.usd_per_hour, 2) for row in rows if row.usd_per_hour is not None), Decimal(0))
    age = f" (over {PRICE_MAX_AGE_DAYS} days old)" if plan.stale_offers else ""
    prices = f"list prices of {', '.join(dates)}{age}"
    # What has no price here is of another stack; a sum without it would read as all there is.
    least = "at least " if any(row.usd_per_hour is None for row in rows) else ""
    note = f"  {least}{total:.2f} USD per hour in {plan.region} at {prices}. These nodes are simulated."
    return Group(table, Text(note, "dim"))


def _used(row: CapacityRow) -> str:
    """Return how many GPUs are used, or of the parts of shared ones how many of how many."""
    if not row.offered.keys() - {keys.NVIDIA_GPU}:
        return str(row.used.get(keys.NVIDIA_GPU, 0))
    return ", ".join(
        f"{row.used.get(name, 0)} of {amount} {_part(name)}" for name, amount in sorted(row.offered.items())
    )


def _asked(gpus: Mapping[str, int]) -> str:
    """Return how many GPUs a job takes, or of which parts of them how many."""
    if not gpus.keys() - {keys.NVIDIA_GPU}:
        return str(gpus.get(keys.NVIDIA_GPU, 0))
    return ", ".join(f"{amount} x {_part(name)}" for name, amount in sorted(gpus.items()))


def _part(resource: str) -> str:
    """Return a part of a GPU in a word: `1g.5gb` for a MIG instance, `gpu.shared` for a share."""
    return resource.removeprefix(keys.NVIDIA_MIG).rpartition("/")[-1]


def _quotas(snapshot: Snapshot) -> Table:
    rows = holdings(snapshot).queues
    # Without a cohort nobody borrows, and a column of noughts tells nothing.
    borrows = any(row.cohort for row in rows)
    columns = ("queue", "flavor", "resource", "quota", "used", *(["borrowed"] if borrows else []), "free")
    table = _table("Queues", *columns)
    for row in rows:
        borrowed = [plain(row.borrowed)] if borrows else []
        figures = (plain(row.nominal), plain(row.used), *borrowed, plain(row.free))
        _add(table, row.queue, row.flavor, row.resource, *figures)
    return table


def _jobs(snapshot: Snapshot) -> Table:
    table = _table("Sample jobs", "job", "GPUs", "state", "flavor", "detail")
    for row in job_rows(snapshot):
        state = Text(row.state, _STATES.get(row.state, ""))
        _add(table, f"{row.namespace}/{row.name}", _asked(row.gpus), state, row.flavor or "-", row.detail)
    return table


def _commands() -> Group:
    lines = [
        Text.assemble(("  " + command, "bold"), f"{' ' * (24 - len(command))}{what}") for command, what in COMMANDS
    ]
    return Group(Text("\nTry next"), *lines)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, header_style="dim", overflow="fold")
    return table


def _add(table: Table, *cells: str | Text) -> None:
    """Add a row; brackets in names and messages are no markup."""
    table.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in cells))
