"""What waits for GPUs, for how long, and on whose quota."""

from collections.abc import Iterator

from mizan.budgets.model import Policy
from mizan.metrics import names
from mizan.metrics.counting import risen
from mizan.metrics.dashboards import exporters
from mizan.metrics.dashboards.board import Board, Colour, Kind, Panel, Question, Section, Step, Unit, Variable, number
from mizan.metrics.dashboards.view import TEAM, View, view_of
from mizan.metrics.prices import GPU_RESOURCES
from mizan.metrics.queue_state import STOPPED
from mizan.metrics.selector import differs, matches
from mizan.plan import Plan

UID = "mizan-gpu-queues"

_QUEUE = matches("cluster_queue", "$queue")
_WAITS = (Step(value=1, colour=Colour.LOOK),)
_POD = "namespace, pod, uid"

# Kueue has resources by their own names, also those of devices that pods claim.
_GPUS = matches("resource", r"nvidia\.com/.+|deviceclass\.resource\.kubernetes\.io/.+")


def queues(plan: Plan) -> Board:
    """Return the board of queues."""
    view = view_of(plan)
    queue = Variable(
        name="queue",
        title="Queue",
        series=view.metric(exporters.PENDING),
        label="cluster_queue",
        text="Queues of Kueue whose jobs are shown.",
    )
    return Board(
        uid=UID,
        title="GPU queues",
        text="Jobs that wait, jobs that are admitted, GPUs that are borrowed, and the time that it takes.",
        variables=(queue,),
        sections=(
            Section(title="Now", panels=(*_numbers(view),)),
            Section(title="Jobs", panels=(*_jobs(view),)),
            Section(title="Quota and money", panels=(*_quota(view),)),
        ),
    )


def _numbers(view: View) -> Iterator[Panel]:
    unschedulable = (
        f"count(max by ({_POD}) ({view.metric(exporters.UNSCHEDULABLE)} == 1)"
        f" and on ({_POD}) {view.metric(exporters.ASKED, matches('resource', GPU_RESOURCES))})"
    )
    yield number(
        "Jobs that wait",
        f"sum({_waiting(view)})",
        unit=Unit.COUNT,
        width=6,
        steps=_WAITS,
        text="For quota. Waiting costs no dollar, but people's time: see below which queue, then whether GPUs stand "
        "idle meanwhile.",
    )
    yield number(
        "Jobs that are admitted",
        f"sum({_of_queues(view.metric(exporters.ADMITTED, _QUEUE))})",
        unit=Unit.COUNT,
        width=6,
        text="They hold quota. Where it is 0 and jobs wait, Kueue admits nobody: see its log.",
    )
    yield number(
        "GPUs that are borrowed",
        f"sum({_borrowed(view)})",
        unit=Unit.COUNT,
        width=6,
        text="Beyond the quota of the queues that have them. Their owners may take them back at any time: jobs there "
        "should checkpoint.",
    )
    yield number(
        "GPU pods without a node",
        view.or_zero(unschedulable),
        unit=Unit.COUNT,
        width=6,
        steps=_WAITS,
        text="Admitted, and nothing fits them. They hold quota that others wait for: the cloud has no such machine, a "
        "quota of the account is reached, or no node fits.",
    )


def _jobs(view: View) -> Iterator[Panel]:
    yield Panel(
        title="Jobs that wait, by queue",
        text="A queue that grows for hours has less quota than work. Before more is bought, see whether GPUs are "
        "idle or unallocated at the same time: those are paid already.",
        kind=Kind.LINES,
        unit=Unit.COUNT,
        questions=(Question(expr=_waiting(view), legend="{{cluster_queue}}"),),
        is_stacked=True,
    )
    yield Panel(
        title="Jobs that are admitted, by queue",
        text="Admitted and not finished. Where it falls to 0 while jobs wait, quota is taken by somebody else, or the "
        "queue is stopped.",
        kind=Kind.LINES,
        unit=Unit.COUNT,
        questions=(Question(expr=_of_queues(view.metric(exporters.ADMITTED, _QUEUE)), legend="{{cluster_queue}}"),),
        is_stacked=True,
    )
    buckets = f"sum by (cluster_queue, le) (increase({view.metric(exporters.ADMISSION_WAIT, _QUEUE)}[$__range]))"
    yield Panel(
        title="Time to admit, by queue",
        text="Of jobs that were admitted in the time shown: half of them waited no longer than the first, 19 of 20 no "
        "longer than the second. Long waits beside idle GPUs are a matter of quota, not of machines.",
        kind=Kind.BARS,
        unit=Unit.SECONDS,
        questions=tuple(
            Question(expr=f"histogram_quantile({quantile}, {buckets})", legend=f"{{{{cluster_queue}}}} {called}")
            for quantile, called in (("0.5", "half"), ("0.95", "19 of 20"))
        ),
    )
    yield Panel(
        title="Admitted and evicted in an hour",
        text="Evicted jobs lose what they did since their last checkpoint, and it is paid again. Where they are many, "
        "see why: `Preempted` is a matter of quota and priority, `PodsReadyTimeout` of nodes that do not come.",
        kind=Kind.LINES,
        unit=Unit.COUNT,
        questions=(
            Question(
                expr=risen(view.metric(exporters.ADMITTED_TOTAL, _QUEUE), "1h", "cluster_queue"),
                legend="{{cluster_queue}} admitted",
            ),
            Question(
                expr=view.or_zero(risen(view.metric(exporters.EVICTED, _QUEUE), "1h", "cluster_queue, reason")),
                legend="{{cluster_queue}} evicted {{reason}}",
            ),
        ),
    )


def _quota(view: View) -> Iterator[Panel]:
    used, nominal = _used(view), _nominal(view)
    yield Panel(
        title="Quota that is used, by queue",
        text="GPUs in use of those that are the queue's own. Above 100 % it borrows. A queue that is always far below "
        "has quota that another one could have.",
        kind=Kind.LINES,
        unit=Unit.RATIO,
        questions=(
            Question(
                expr=f"sum by (cluster_queue) ({used}) / (sum by (cluster_queue) ({nominal}) > 0)",
                legend="{{cluster_queue}}",
            ),
        ),
        steps=(Step(value=1, colour=Colour.LOOK),),
        has_step_lines=True,
    )
    yield Panel(
        title="GPUs that are borrowed, by queue",
        text="Beyond the queue's own quota. A queue that always borrows should have more of its own; what it pays is "
        "its team's cost either way.",
        kind=Kind.LINES,
        unit=Unit.COUNT,
        questions=(Question(expr=f"sum by (cluster_queue) ({_borrowed(view)})", legend="{{cluster_queue}}"),),
    )
    stopped = f"max by (namespace, queue) ({view.metric(STOPPED, differs('policy', Policy.NONE.value))}) > 0"
    yield Panel(
        title="Local queues that are stopped",
        text="Their new jobs wait, whatever quota is left. Where a budget holds one, its team has spent the month's: "
        "see GPU cost overview, then raise the budget or write an exception. Others were stopped by a person: ask who.",
        kind=Kind.LINES,
        unit=Unit.COUNT,
        questions=(Question(expr=view.or_zero(stopped), legend="{{namespace}}/{{queue}}"),),
    )
    yield Panel(
        title="Cost per hour by local queue",
        text="What the jobs of each team's queue cost. One without a name is pods that came past Kueue: nobody holds "
        "them to a quota.",
        kind=Kind.LINES,
        unit=Unit.USD,
        questions=(Question(expr=f"sum by (team, queue) ({view.own(names.COST, TEAM)})", legend="{{team}} {{queue}}"),),
        is_stacked=True,
    )


def _waiting(view: View) -> str:
    return _of_queues(view.metric(exporters.PENDING, _QUEUE), "status")


def _used(view: View) -> str:
    return _by_flavor(view.metric(exporters.QUEUE_USE, _QUEUE, _GPUS))


def _nominal(view: View) -> str:
    return _by_flavor(view.metric(exporters.QUEUE_QUOTA, _QUEUE, _GPUS))


def _borrowed(view: View) -> str:
    return f"clamp_min({_used(view)} - {_nominal(view)}, 0)"


def _by_flavor(series: str) -> str:
    return f"max by (cluster_queue, flavor, resource) ({series})"


def _of_queues(series: str, *parts: str) -> str:
    """Return the sum of a queue's parts, each once however many replicas of Kueue tell it."""
    return f"sum by (cluster_queue) (max by ({', '.join(('cluster_queue', *parts))}) ({series}))"
