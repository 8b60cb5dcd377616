"""Who pays for GPUs: now, today, this month, and at its end."""

from collections.abc import Iterator

from mizan.config import Cloud
from mizan.metrics import names
from mizan.metrics.dashboards import money
from mizan.metrics.dashboards.board import Board, Colour, Kind, Panel, Question, Section, Step, Unit, number
from mizan.metrics.dashboards.view import TEAM, View, view_of
from mizan.metrics.selector import equals
from mizan.plan import Plan

UID = "mizan-gpu-cost"

_OF_BUDGET = (Step(value=0.8, colour=Colour.LOOK), Step(value=1, colour=Colour.ACT))
_OWNERS = (("namespace", "namespace"), ("project", "project"), ("queue", "queue"), ("cost_center", "cost center"))


def cost(plan: Plan) -> Board:
    """Return the board of costs and budgets."""
    view = view_of(plan)
    has_team_budgets = any(team.budget is not None for team in plan.teams)
    return Board(
        uid=UID,
        title="GPU cost overview",
        text="What GPU nodes cost, who is charged for it, and how it stands against budgets.",
        sections=(
            Section(title="Now and this month", panels=(*_numbers(view), *_of_stack(view, plan))),
            Section(title="Teams", panels=(*_of_teams(view, has_budgets=has_team_budgets),)),
            Section(title="Where it goes", panels=(*_owners(view), _unlabelled(view))),
            Section(title="Whether the numbers are whole", panels=(*_trust(view, plan),)),
        ),
    )


def _numbers(view: View) -> Iterator[Panel]:
    increase = f"sum(increase({view.own(names.COST_TOTAL, TEAM)}[$__range]))"
    yield number(
        "Paid per hour",
        view.or_zero(f"sum({view.own(names.NODE_PRICE)})"),
        unit=Unit.USD,
        width=4,
        text="All GPU nodes at their price, used or not. Where it is much more than teams cost, open Idle GPUs.",
    )
    yield number(
        "Teams per hour",
        view.or_zero(f"sum({view.own(names.COST, TEAM)})"),
        unit=Unit.USD,
        width=4,
        text="What the pods of the chosen teams cost right now. Choose a team to see its own part, then see its "
        "namespaces below.",
    )
    yield number(
        "Teams today",
        view.or_zero(increase),
        unit=Unit.USD,
        width=4,
        since="now/d",
        text="What the chosen teams' pods have cost since midnight, UTC. Compare it with a usual day before the budget "
        "of the month is gone.",
    )
    yield number(
        "Teams this month",
        view.or_zero(f"sum({money.month_of_teams(view)})"),
        unit=Unit.USD,
        width=4,
        text="What the chosen teams have spent since the first of the month, UTC. Compare it with their budgets below.",
    )
    yield number(
        "Forecast of teams",
        view.or_zero(f"sum({money.forecast_of_teams(view)})"),
        unit=Unit.USD,
        width=4,
        text=f"What they will have spent at the end of the month. {money.FORECAST_TEXT} Act on it while there are days "
        "left: end what is idle, or raise the budget.",
    )
    yield number(
        "Unallocated per hour",
        view.or_zero(f"sum({view.own(names.UNALLOCATED_COST)})"),
        unit=Unit.USD,
        width=4,
        text="What is paid for GPUs that no pod has. No team is charged for it; open Idle GPUs to see which pools.",
    )


def _of_stack(view: View, plan: Plan) -> Iterator[Panel]:
    spent, ends = money.month_of_all(view), money.forecast_of_all(view)
    budget = money.budgets_of_all(view)
    limit = (Question(expr=budget, legend="Budget {{cluster}}", is_limit=True),) if plan.budget is not None else ()
    yield Panel(
        title="All nodes: month to date against forecast and budget",
        text="Every GPU node since the first of the month, with what will be spent by its end and the stack's budget. "
        f"{money.FORECAST_TEXT} Where the forecast is above the budget, find the team or the pool that has grown, and "
        "talk to it before new jobs are held.",
        kind=Kind.LINES,
        unit=Unit.USD,
        questions=(
            Question(expr=spent, legend="Month to date {{cluster}}"),
            Question(expr=ends, legend="Forecast {{cluster}}"),
            *limit,
        ),
        width=18 if limit else 24,
    )
    if limit:
        used = f"{spent} / on (cluster) {budget}"
        forecast = f"{ends} / on (cluster) {budget}"
        yield Panel(
            title="Budget of the stack",
            text="How much of the month's budget is spent, and will be. From 80 % on, plan what stops first; at 100 % "
            "new jobs of teams wait where budgets are enforced.",
            kind=Kind.BARS,
            unit=Unit.RATIO,
            questions=(
                Question(expr=used, legend="Spent {{cluster}}"),
                Question(expr=forecast, legend="Forecast {{cluster}}"),
            ),
            steps=_OF_BUDGET,
            most=1,
            width=6,
        )


def _of_teams(view: View, *, has_budgets: bool) -> Iterator[Panel]:
    yield Panel(
        title="Cost per hour by team",
        text="What each team's pods cost; a step is somebody who started or ended something. See the team's namespaces "
        "and queues below for which.",
        kind=Kind.LINES,
        unit=Unit.USD,
        questions=(Question(expr=f"sum by (team) ({view.own(names.COST, TEAM)})", legend="{{team}}"),),
        is_stacked=True,
    )
    budgets = money.budgets_of_teams(view)
    limit = (Question(expr=budgets, legend="Budget {{team}}", is_limit=True),) if has_budgets else ()
    yield Panel(
        title="Month to date by team against its budget",
        text="Dollars of each team since the first of the month, with its budget as a dashed line. Talk to a team "
        "whose line will cross its budget; choose the team to see it alone.",
        kind=Kind.LINES,
        unit=Unit.USD,
        questions=(Question(expr=money.month_of_teams(view), legend="{{team}}"), *limit),
    )
    spent, ends = money.month_of_teams(view), money.forecast_of_teams(view)
    used = (
        (
            Question(expr=budgets, legend="Budget"),
            Question(expr=f"{spent} / on (cluster, team) {budgets}", legend="Used", unit=Unit.RATIO),
            Question(expr=f"{ends} / on (cluster, team) {budgets}", legend="Forecast of budget", unit=Unit.RATIO),
        )
        if has_budgets
        else ()
    )
    yield Panel(
        title="Teams: spent, forecast and budget",
        text=f"One row a team. {money.FORECAST_TEXT} A forecast above 100 % of the budget is to be talked about now; a "
        "row without a team is cost that nobody is charged for: label its namespace.",
        kind=Kind.TABLE,
        unit=Unit.USD,
        questions=(
            Question(expr=spent, legend="Month to date"),
            Question(expr=ends, legend="Forecast"),
            *used,
        ),
        columns=(("cluster", "Cluster"), ("team", "Team")),
        width=24,
    )


def _owners(view: View) -> Iterator[Panel]:
    total = f"increase({view.own(names.COST_TOTAL, TEAM)}[$__range])"
    for label, called in _OWNERS:
        yield Panel(
            title=f"Cost by {called}",
            text=f"Dollars of the time shown, the 15 dearest by {called}. Start with the longest bar; one without a "
            f"name is cost whose pods have no {called}.",
            kind=Kind.BARS,
            unit=Unit.USD,
            questions=(Question(expr=f"topk(15, sum by ({label}) ({total}))", legend=f"{{{{{label}}}}}"),),
            width=6,
        )


def _unlabelled(view: View) -> Panel:
    lacks = " or ".join(view.own(names.COST, equals(label, "")) for label in ("team", "cost_center"))
    return Panel(
        title="Without a team or a cost center, per hour",
        text="Dollars that nobody can be charged for, by namespace. Label the namespace, or make it a team of the "
        "stack file, which does; what was spent before stays without an owner.",
        kind=Kind.LINES,
        unit=Unit.USD,
        questions=(Question(expr=view.or_zero(f"sum by (namespace) ({lacks})"), legend="{{namespace}}"),),
        width=24,
        height=6,
    )


def _trust(view: View, plan: Plan) -> Iterator[Panel]:
    yield Panel(
        title="Since costs were last counted",
        text="Costs are counted every 30 s. Where it is minutes, dollars are missing: see kube-state-metrics, then "
        "Prometheus' page of rules.",
        kind=Kind.NUMBER,
        unit=Unit.SECONDS,
        questions=(Question(expr=f"time() - {view.own(names.EVALUATED)}", legend="{{cluster}}"),),
        steps=(Step(value=120, colour=Colour.LOOK), Step(value=300, colour=Colour.ACT)),
        width=6,
        height=5,
    )
    yield Panel(
        title="GPU nodes without a price",
        text="No offer of the stack fits their labels: they cost an unknown number of dollars, which is in no number "
        "here. Find out who made them; add them to a pool, or end them.",
        kind=Kind.NUMBER,
        unit=Unit.COUNT,
        questions=(Question(expr=view.or_zero(f"count({view.own(names.NODE_WITHOUT_PRICE)})"), legend="Nodes"),),
        steps=(Step(value=1, colour=Colour.ACT),),
        width=6,
        height=5,
    )
    yield Panel(
        title="Part of the month that is counted",
        text="Of the time since the first of the month. Below 100 %, dollars of the month are too few by so much: the "
        "stack is younger than the month, or Prometheus was away.",
        kind=Kind.NUMBER,
        unit=Unit.RATIO,
        questions=(
            Question(
                expr=f"clamp_max(max by (cluster) ({view.own(names.MONTH_COUNTED)})"
                " / scalar((day_of_month() - 1) * 86400 + time() % 86400), 1)",
                legend="{{cluster}}",
            ),
        ),
        base=Colour.LOOK,
        steps=(Step(value=0.98, colour=Colour.GOOD),),
        width=6,
        height=5,
    )
    if plan.opencost is not None or plan.cloud is Cloud.LOCAL:
        yield Panel(
            title="OpenCost's price of a node by ours",
            text="100 % where both agree, 0 % where OpenCost takes a node for free. More than 20 % apart, one of both "
            "is wrong: see how old our price row is, and what OpenCost takes the node for.",
            kind=Kind.BARS,
            unit=Unit.RATIO,
            questions=(
                Question(expr=f"avg by (pool, offer) ({view.own(names.OPENCOST_RATIO)})", legend="{{pool}} {{offer}}"),
            ),
            base=Colour.ACT,
            steps=(
                Step(value=0.8, colour=Colour.GOOD),
                Step(value=1.2, colour=Colour.ACT),
            ),
            width=6,
            height=5,
        )
    yield Panel(
        title="Prices that are taken",
        text="What a node of each offer costs an hour, and of which day the price is. Where a day is long ago, compare "
        "it with the cloud's list and write a new row.",
        kind=Kind.TABLE,
        unit=Unit.USD,
        questions=(
            Question(
                expr="max by (cluster, pool, offer, capacity_type, gpu_model, as_of, basis) (sum by (cluster, node, "
                f"pool, offer, capacity_type, gpu_model, as_of, basis) ({view.own(names.NODE_PRICE)}))",
                legend="Per node and hour",
            ),
        ),
        columns=(
            ("cluster", "Cluster"),
            ("pool", "Pool"),
            ("offer", "Offer"),
            ("capacity_type", "Capacity"),
            ("gpu_model", "GPU"),
            ("as_of", "Price of"),
            ("basis", "Basis"),
        ),
        width=24,
        height=6,
    )
