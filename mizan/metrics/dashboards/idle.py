"""GPUs that are paid for and do nothing, in dollars, with their owners."""

from collections.abc import Iterator

from mizan.metrics import names
from mizan.metrics.dashboards.board import Board, Colour, Kind, Panel, Question, Section, Step, Unit, number
from mizan.metrics.dashboards.view import TEAM, View, usd_per_gpu, view_of
from mizan.metrics.selector import differs, equals
from mizan.plan import Plan

UID = "mizan-gpu-idle"

# As the estimate counts a month.
_MONTH_HOURS = 730
_OWNER = "cluster, team, namespace, project, queue"

_LOOK_FROM_ONE = (Step(value=1, colour=Colour.LOOK),)
_UNUSED = equals(names.REASON, names.UNUSED)
_NOT_UNUSED = differs(names.REASON, names.UNUSED)


def idle(plan: Plan) -> Board:
    """Return the board of idle GPUs."""
    view = view_of(plan)
    return Board(
        uid=UID,
        title="Idle GPUs",
        text="Dollars for GPUs that do nothing: held and unused, kept warm, or without any pod.",
        sections=(
            Section(title="How much", panels=(*_numbers(view), _over_time(view))),
            Section(title="Held and unused", panels=(_owners(view), _pods(view))),
            Section(title="Held by no pod", panels=(*_without_pods(view),)),
        ),
    )


def _numbers(view: View) -> Iterator[Panel]:
    unused = f"sum({view.own(names.IDLE_COST, _UNUSED, TEAM)})"
    yield number(
        "Unused per hour",
        view.or_zero(unused),
        unit=Unit.USD,
        width=6,
        steps=_LOOK_FROM_ONE,
        text="Pods of the chosen teams hold these GPUs and do not use them. The table below has the owners: ask them.",
    )
    yield number(
        "Unallocated per hour",
        view.or_zero(f"sum({view.own(names.IDLE_COST, equals(names.REASON, names.UNALLOCATED))})"),
        unit=Unit.USD,
        width=6,
        steps=_LOOK_FROM_ONE,
        text="No pod has these GPUs. See which pools below, and what keeps their nodes.",
    )
    yield number(
        "Kept warm per hour",
        view.or_zero(f"sum({view.own(names.IDLE_COST, equals(names.REASON, names.KEPT))})"),
        unit=Unit.USD,
        width=6,
        steps=_LOOK_FROM_ONE,
        text="Placeholders keep these nodes. Lower `minNodes` or the hours of the warm pool, unless the minutes that "
        "it saves are worth it.",
    )
    yield number(
        "All of it in a month",
        view.or_zero(f"sum({view.own(names.IDLE_COST)}) * {_MONTH_HOURS}"),
        unit=Unit.USD,
        width=6,
        steps=_LOOK_FROM_ONE,
        text="What idle GPUs cost in 730 hours if nothing changes. It is what there is to win.",
    )


def _over_time(view: View) -> Panel:
    return Panel(
        title="Idle dollars per hour by reason",
        text="Dollars of all nodes that do no work. A band that stays at night or at weekends is the easiest to save: "
        "let nodes go sooner, or let others use them then.",
        kind=Kind.LINES,
        unit=Unit.USD,
        questions=(Question(expr=f"sum by (reason) ({view.own(names.IDLE_COST)})", legend="{{reason}}"),),
        is_stacked=True,
        width=24,
    )


def _owners(view: View) -> Panel:
    now = f"topk(25, {_of_owners(view.own(names.IDLE_COST, _UNUSED, TEAM))})"
    day = _of_owners(f"increase({view.own(names.IDLE_COST_TOTAL, _UNUSED, TEAM)}[1d])")
    held = _of_owners(view.own(names.OWNER_GPUS, TEAM))
    return Panel(
        title="Owners of unused GPUs",
        text="The 25 owners who waste the most at this moment, with what the last day has cost. Talk to the first "
        "rows: end the pods, give them less of a GPU, or mend what they wait for.",
        kind=Kind.TABLE,
        unit=Unit.USD,
        questions=(
            Question(expr=now, legend="Unused per hour"),
            Question(expr=f"{day} and {now}", legend="Unused in the last day"),
            Question(expr=f"{held} and {now}", legend="GPUs held", unit=Unit.COUNT),
        ),
        columns=(
            ("cluster", "Cluster"),
            ("team", "Team"),
            ("namespace", "Namespace"),
            ("project", "Project"),
            ("queue", "Queue"),
        ),
        width=24,
    )


def _of_owners(series: str) -> str:
    return f"sum by ({_OWNER}) ({series})"


def _pods(view: View) -> Panel:
    of_pod = "cluster, namespace, pod"
    held = f"sum by ({of_pod}, node) ({view.own(names.POD_GPUS)})"
    unused = f"{held} * on ({of_pod}, node) (1 - {view.own(names.UTILISATION)})"
    owner = f"max by ({of_pod}, team, project) ({view.own(names.POD_OWNER, TEAM)})"
    dollars = (
        f"topk(25, {unused} * on (cluster, node) group_left () {usd_per_gpu(view)}"
        f" * on ({of_pod}) group_left (team, project) {owner})"
    )
    return Panel(
        title="Pods that waste most, per hour",
        text="What each pod holds and does not use, at the price of its node. Look into the first ones with "
        "`kubectl exec` or their logs; a notebook that nobody has open can go.",
        kind=Kind.TABLE,
        unit=Unit.USD,
        questions=(Question(expr=dollars, legend="Unused per hour"),),
        columns=(
            ("cluster", "Cluster"),
            ("team", "Team"),
            ("project", "Project"),
            ("namespace", "Namespace"),
            ("pod", "Pod"),
            ("node", "Node"),
        ),
        width=24,
    )


def _without_pods(view: View) -> Iterator[Panel]:
    yield Panel(
        title="Unallocated and kept, by pool and offer",
        text="Dollars per hour of GPUs without a pod. Where a pool always has some, its machines are too large for "
        "what is asked, or its nodes are removed too late.",
        kind=Kind.LINES,
        unit=Unit.USD,
        questions=(
            Question(
                expr=f"sum by (pool, offer, reason) ({view.own(names.IDLE_COST, _NOT_UNUSED)})",
                legend="{{offer}} {{reason}}",
            ),
        ),
        is_stacked=True,
    )
    free = f"{view.own(names.FREE_GPUS)} * on (cluster, node) {usd_per_gpu(view)}"
    yield Panel(
        title="Nodes with free GPUs, per hour",
        text="The 25 nodes whose free GPUs cost most, a kept one included. Drain one that only a small pod keeps; a "
        "node that stays empty says what is wrong with its removal.",
        kind=Kind.TABLE,
        unit=Unit.USD,
        questions=(
            Question(expr=f"topk(25, {free})", legend="Free per hour"),
            Question(
                expr=f"sum by (cluster, node) ({view.own(names.FREE_GPUS)}) and topk(25, {free})",
                legend="Free GPUs",
                unit=Unit.COUNT,
            ),
        ),
        columns=(("cluster", "Cluster"), ("node", "Node")),
    )
    yield Panel(
        title="Idle dollars of the time shown",
        text="By reason, as they were added up. Compare a week with the one before, to see whether anything has "
        "helped.",
        kind=Kind.BARS,
        unit=Unit.USD,
        questions=(
            Question(
                expr=f"sum by (reason) (increase({view.own(names.IDLE_COST_TOTAL)}[$__range]))", legend="{{reason}}"
            ),
        ),
        width=24,
        height=5,
    )
