"""How much of what is paid does work."""

from collections.abc import Iterator, Mapping
from typing import Any

from mizan.metrics import names
from mizan.metrics.dashboards.board import Board, Colour, Kind, Panel, Question, Section, Step, Unit, number
from mizan.metrics.dashboards.view import TEAM, View, view_of
from mizan.metrics.selector import differs, equals
from mizan.plan import Plan

UID = "mizan-gpu-efficiency"

_GOOD_FROM = (Step(value=0.4, colour=Colour.LOOK), Step(value=0.7, colour=Colour.GOOD))
_OWNER = "cluster, team, namespace, project, workload_type"
_A_RATIO: Mapping[str, Any] = {
    "unit": Unit.RATIO,
    "width": 6,
    "legend": "{{cluster}}",
    "base": Colour.ACT,
    "steps": _GOOD_FROM,
}


def efficiency(plan: Plan) -> Board:
    """Return the board of utilisation against cost efficiency."""
    view = view_of(plan)
    return Board(
        uid=UID,
        title="GPU utilisation and cost efficiency",
        text="Useful dollars of those that are paid, and where the others go. What nobody measures is unknown, not "
        "idle.",
        sections=(
            Section(title="All GPUs", panels=(*_numbers(view), _against(view), _dollars(view))),
            Section(title="Who and where", panels=(*_by_pool_and_team(view), _owners(view))),
            Section(title="What busy GPUs do", panels=(_pods(view), _engines(view))),
        ),
    )


def _numbers(view: View) -> Iterator[Panel]:
    yield number(
        "Cost efficiency",
        view.own(names.EFFICIENCY),
        **_A_RATIO,
        text="Useful dollars of those paid. Below 70 %, open Idle GPUs: unallocated nodes and idle pods cost the most.",
    )
    yield number("Utilisation of held GPUs", _utilisation(view), **_A_RATIO, text=_UTILISATION_TEXT)
    yield number(
        "GPUs that pods hold",
        _held(view),
        **_A_RATIO,
        text="Of all GPUs that are paid for. Where it is low, nodes are too large, too many, or kept too long.",
    )
    yield number(
        "Dollars with known utilisation",
        view.own(names.KNOWN_RATIO),
        **_A_RATIO,
        text="Of what pods cost. Where it is low the others say little: see whether the DCGM exporter runs on all GPU "
        "nodes.",
    )


_UTILISATION_TEXT = (
    "Of GPUs that pods hold and that are measured. Where it is low and most GPUs are held, pods ask for more than they "
    "use: give them parts of a GPU."
)


def _utilisation(view: View) -> str:
    useful, known = (f"sum by (cluster) ({view.own(each)})" for each in (names.USEFUL_GPUS, names.KNOWN_GPUS))
    return f"{useful} / {known}"


def _held(view: View) -> str:
    held, all_of_them = (f"sum by (cluster) ({view.own(each)})" for each in (names.OWNER_GPUS, names.COUNTED_GPUS))
    return f"{held} / {all_of_them} or {all_of_them} * 0"


def _against(view: View) -> Panel:
    return Panel(
        title="Utilisation against cost efficiency",
        text="GPUs may be busy and dollars still be lost: efficiency also falls by GPUs that no pod has. Where it is "
        "far below utilisation, end empty nodes; where both are low, look at the pods below.",
        kind=Kind.LINES,
        unit=Unit.RATIO,
        questions=(
            Question(expr=view.own(names.EFFICIENCY), legend="Cost efficiency {{cluster}}"),
            Question(expr=_utilisation(view), legend="Utilisation of held GPUs {{cluster}}"),
            Question(expr=_held(view), legend="GPUs that pods hold {{cluster}}"),
        ),
        most=1,
    )


def _dollars(view: View) -> Panel:
    cost, known = (f"sum({view.own(each)})" for each in (names.COST, names.KNOWN_COST))
    idle = f"sum by (reason) ({view.own(names.IDLE_COST)})"
    unknown = view.own(names.UNALLOCATED_COST, equals(names.REASON, names.UNKNOWN))
    return Panel(
        title="Where each dollar goes, per hour",
        text="Together they are the price of all nodes. `useful` is what GPUs worked for, `unused` is held by pods "
        "that do nothing, `unallocated` and `kept` by nobody, `not measured` by pods without metrics. Begin with the "
        "widest band that is not useful.",
        kind=Kind.LINES,
        unit=Unit.USD,
        questions=(
            Question(expr=f"sum({view.own(names.USEFUL_COST)})", legend="useful"),
            Question(expr=idle, legend="{{reason}}"),
            Question(expr=view.or_zero(f"{cost} - ({known} or {cost} * 0)"), legend="not measured"),
            Question(expr=view.or_zero(f"sum({unknown})"), legend="held by nobody knows whom"),
        ),
        is_stacked=True,
    )


def _by_pool_and_team(view: View) -> Iterator[Panel]:
    yield Panel(
        title="Cost efficiency by pool",
        text="Useful dollars of those that a pool's nodes cost. A pool far below the others has machines that are too "
        "large for what runs on them, or nodes that nobody needs.",
        kind=Kind.LINES,
        unit=Unit.RATIO,
        questions=(Question(expr=view.own(names.POOL_EFFICIENCY), legend="{{pool}} {{cluster}}"),),
        most=1,
    )
    yield Panel(
        title="Cost efficiency by team",
        text="Useful dollars of those that a team's pods cost, where they are measured. Show it to the team that is "
        "lowest, with its rows in the table below.",
        kind=Kind.LINES,
        unit=Unit.RATIO,
        questions=(Question(expr=view.own(names.TEAM_EFFICIENCY, TEAM), legend="{{team}} {{cluster}}"),),
        most=1,
    )


def _owners(view: View) -> Panel:
    useful, known = (f"sum by ({_OWNER}) ({view.own(each, TEAM)})" for each in (names.USEFUL_COST, names.KNOWN_COST))
    lost = f"topk(25, {known} - {useful})"
    return Panel(
        title="Who loses most, per hour",
        text="The 25 owners whose pods waste the most dollars. Ask the first rows for fewer GPUs, parts of a GPU, or "
        "to mend what their jobs wait for: data, other pods, a lock.",
        kind=Kind.TABLE,
        unit=Unit.USD,
        questions=(
            Question(expr=lost, legend="Lost"),
            Question(expr=f"{known} and {lost}", legend="Paid"),
            Question(expr=f"{useful} / {known} and {lost}", legend="Efficiency", unit=Unit.RATIO),
        ),
        columns=(
            ("cluster", "Cluster"),
            ("team", "Team"),
            ("namespace", "Namespace"),
            ("project", "Project"),
            ("workload_type", "Workload"),
        ),
        width=24,
    )


def _pods(view: View) -> Panel:
    of_team = f"count by (cluster, namespace) ({view.own(names.COST, TEAM)})"
    return Panel(
        title="Least used pods",
        text="The 20 pods that use the least of the GPUs they hold. End those that nobody waits for; see what the "
        "others do with their time.",
        kind=Kind.BARS,
        unit=Unit.RATIO,
        questions=(
            Question(
                expr=f"bottomk(20, {view.own(names.UTILISATION)} and on (cluster, namespace) {of_team})",
                legend="{{namespace}}/{{pod}}",
            ),
        ),
        base=Colour.ACT,
        steps=_GOOD_FROM,
        most=1,
    )


def _engines(view: View) -> Panel:
    fields = (
        ("DCGM_FI_PROF_SM_ACTIVE", "multiprocessors"),
        ("DCGM_FI_PROF_PIPE_TENSOR_ACTIVE", "tensor cores"),
        ("DCGM_FI_PROF_DRAM_ACTIVE", "memory"),
    )
    return Panel(
        title="What works in GPUs that pods hold",
        text="Part of the time in which each works, mean of all devices. A GPU counts as busy while one multiprocessor "
        "is: with few of them, batches are too small; without tensor cores, training pays for a GPU it does not need; "
        "with much memory, a faster GPU gains nothing.",
        kind=Kind.LINES,
        unit=Unit.RATIO,
        questions=tuple(
            Question(
                expr=f"avg(max by ({view.of_node}, UUID, GPU_I_ID) "
                f"({view.device(view.metric(field, differs('pod', '')))}))",
                legend=called,
            )
            for field, called in fields
        ),
        most=1,
    )
