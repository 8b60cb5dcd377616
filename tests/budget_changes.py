"""Stacks with budgets, and what a budget proposes, made true by its words alone, as a person would."""

import copy
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from hypothesis import reject
from hypothesis import strategies as st

from mizan.config import ConfigErrors
from mizan.estimate import BudgetVerdict, Size, estimate, judge
from tests.builders import a_job, a_pool, a_queue, a_team
from tests.estimate_builders import (
    AWS_MACHINE,
    FIFTH_LOST,
    MACHINE,
    RATE,
    capacity,
    one_pool,
    round_plan,
    round_stack,
    use,
)
from tests.sharing_stacks import TURNS, counted_in

CENT = Decimal("0.01")
# Of a node, of either machine.
GPUS = 4
KIND = r"(spot|on-demand|flex-start)"
OWNER = r"(queue|cohort) (\S+)"


def usd(text: str) -> Decimal:
    return Decimal(text)


def judged(values: dict[str, Any]) -> tuple[BudgetVerdict, ...]:
    plan = round_plan(values)
    return judge(plan, estimate(plan, RATE))


def with_budget(values: dict[str, Any], dollars: object, **changes: object) -> dict[str, Any]:
    return values | {"budget": {"usdPerMonth": dollars, **changes}}


def on_demand(nodes: int, **stack: Any) -> dict[str, Any]:
    """On-demand nodes half full, all in one queue, at 7310 a month each with disk; the control plane is 73."""
    return one_pool(use=use(168, 50), on_demand=nodes, stack=stack)


def texts(verdict: BudgetVerdict) -> dict[str, str]:
    """What is proposed of the one pool, and what is spent then."""
    return {change.text.removeprefix("pool a100: "): str(change.usd_per_month) for change in verdict.changes}


def applied(values: dict[str, Any], text: str) -> dict[str, Any]:
    """The stack with a change; what the change says was there must be there."""
    changed = copy.deepcopy(values)
    name, parts = re.fullmatch(r"pool (\S+): (.+)", text).groups()
    pool = next(pool for pool in changed["pools"] if pool["name"] == name)
    for part in parts.split("; "):
        for pattern, apply in WORDS.items():
            found = re.fullmatch(pattern, part)
            if found:
                apply(changed, pool, *found.groups())
                break
        else:
            raise AssertionError(part)
    return changed


def _nodes(_, pool, kind, was, now):
    (item,) = [item for item in pool["capacity"] if item["type"] == kind]
    assert item["maxNodes"] == int(was)
    item["maxNodes"] = int(now)


def _no_capacity(_, pool, kind):
    assert kind in [item["type"] for item in pool["capacity"]]
    pool["capacity"] = [item for item in pool["capacity"] if item["type"] != kind]


def _no_pool(values, pool):
    values["pools"].remove(pool)


def _use(_, pool, key, was, now, other, stays):
    assert pool["expectedUse"] == {key: int(was), other: int(stays)}
    pool["expectedUse"] = {key: int(now), other: int(stays)}


def _gpus(values, pool, kind, word, *whose):
    owner, name, was, now = whose
    (quota,) = _quotas(values, pool, kind, owner, name)
    assert quota[word] == int(was)
    quota[word] = int(now)


def _limit(values, pool, kind, unit, *limit):
    """Lower what is larger; cohorts count too where they are named."""
    lend, owners, most = limit
    whose = [*values["queues"], *(values["cohorts"] if "cohort" in owners else [])]
    for quota in (quota for each in whose for quota in each["quotas"]):
        if (quota["pool"], quota.get("capacity")) == (pool["name"], kind):
            quota[unit] = min(quota[unit], int(most))
            if lend and "lend" in quota:
                quota["lend"] = min(quota["lend"], int(most))


def _no_quota(values, pool, kind, owner, name):
    (quota,) = _quotas(values, pool, kind, owner, name)
    (whose,) = [each for each in values[f"{owner}s"] if each["name"] == name]
    whose["quotas"].remove(quota)


def _quotas(values, pool, kind, owner, name) -> Iterator[dict[str, Any]]:
    """The quotas of one owner, of one pool, and of one capacity type or of none."""
    return (
        quota
        for whose in values[f"{owner}s"]
        if whose["name"] == name
        for quota in whose["quotas"]
        if (quota["pool"], quota.get("capacity")) == (pool["name"], kind)
    )


WORDS = {
    rf"maxNodes of {KIND} (\d+) -> (\d+)": _nodes,
    rf"remove {KIND} from its capacity": _no_capacity,
    r"remove it": _no_pool,
    r"(utilisationPercent) (\d+) -> (\d+) with (hoursPerWeek) (\d+)": _use,
    r"(hoursPerWeek) (\d+) -> (\d+) with (utilisationPercent) (\d+)": _use,
    rf"(?:{KIND} )?(gpus|units|lend) of {OWNER} (\d+) -> (\d+)": _gpus,
    rf"(?:{KIND} )?(gpus|units)( and lend)? of (every queue|every queue and cohort) to (\d+) at most": _limit,
    rf"remove the (?:{KIND} )?quota of {OWNER}": _no_quota,
}


@st.composite
def over_budget(draw: st.DrawFn) -> dict[str, Any]:
    """A stack of a few pools, counted in every way, and of teams; its budgets are below what it costs."""
    pools = [_pool(draw, name) for name in ("a", "b", "c")[: draw(st.integers(1, 3))]]
    apart = {pool["name"]: draw(st.booleans()) for pool in pools}
    queues = [_queue(draw, name, pools, apart) for name in ("x", "y", "z")[: draw(st.integers(1, 3))]]
    names = [queue["name"] for queue in queues]
    teams = [
        a_team(name=name, queues=draw(st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True)))
        for name in ("t", "u")[: draw(st.integers(1, 2))]
    ]
    served = next(queue for queue in queues if queue["name"] == teams[0]["queues"][0])
    is_on_aws = draw(st.booleans())
    aws = {"machine": AWS_MACHINE, "gpu": "a10g"}
    for pool in pools if is_on_aws else ():
        pool.update(aws)
    reserved = draw(st.integers(0, 3))
    machine = AWS_MACHINE if is_on_aws else MACHINE
    kind = draw(st.sampled_from(["reservation", "reservation" if is_on_aws else "committed-use"]))
    reservation = {"name": "r", "kind": kind, "machine": machine, "nodes": reserved, "usdPerHour": 7}
    savings_plan = {"name": "s", "kind": "savings-plan", "usdPerHour": draw(st.integers(1, 40)), "discountPercent": 30}
    savings_plan |= {"machine": AWS_MACHINE} if draw(st.booleans()) else {}
    parts = {
        "pools": pools,
        "queues": queues,
        "cohorts": [{"name": "all", "quotas": _quotas_of(draw, pools, apart, least=0)}],
        "teams": teams,
        "jobs": [
            _job(draw, teams[0]["name"], served, pods)
            for pods in draw(st.lists(st.integers(1, 12), max_size=2, unique=True))
        ],
        "commitments": [
            *([reservation] if reserved else []),
            *([savings_plan] if is_on_aws and draw(st.booleans()) else []),
        ],
        "region": "us-east-1" if is_on_aws else "us-central1",
    }
    values = round_stack(**parts)
    try:
        spent = estimate(round_plan(values), RATE)
    except ConfigErrors:
        reject()
    on = draw(st.sampled_from(["expected", "maximum"]))
    totals = [spent.total, *(cost.total for cost in spent.teams[: len(teams)])]
    for owner, total in zip((values, *teams), totals, strict=True):
        limit = (total.at(Size(on)) * draw(st.integers(1, 99)) / 100).quantize(CENT)
        if limit:
            owner["budget"] = {"usdPerMonth": str(limit), "on": on}
    return values


def _pool(draw: st.DrawFn, name: str) -> dict[str, Any]:
    kinds = draw(st.lists(st.sampled_from(["spot", "on_demand"]), min_size=1, max_size=2, unique=True))
    sizes = capacity(**{kind: draw(st.integers(1, 6)) for kind in kinds})
    for item in sizes if draw(st.booleans()) else []:
        item["minNodes"] = draw(st.integers(0, item["maxNodes"]))
    sharing = draw(
        st.sampled_from([{"mode": "none"}, {"mode": "none"}, TURNS, {"mode": "time-slicing", "replicas": 3}])
    )
    most = sum(item["maxNodes"] for item in sizes)
    warm = {"warm": {"nodes": draw(st.integers(1, most)), "schedule": "0 8 * * 1-5", "hours": 10}}
    return a_pool(
        name=name,
        meanUptimeHours=draw(st.sampled_from([1000, 1000, 0.01])),
        order=draw(st.sampled_from(["listed", "price"])),
        capacity=sizes,
        expectedUse=use(draw(st.integers(1, 168)), draw(st.integers(1, 100))),
        sharing=sharing,
        **(warm if draw(st.booleans()) else {}),
    )


def _job(draw: st.DrawFn, team: str, queue: dict[str, Any], pods: int) -> dict[str, Any]:
    """A job for whole GPUs where its queue has some, else for a part of one."""
    job = a_job(name=f"job-{pods}", team=team, queue=queue["name"], gpus=draw(st.integers(1, 4)), pods=pods)
    if any("gpus" in quota for quota in queue["quotas"]):
        return job
    del job["gpus"]
    return job | {"gpu": {"accepts": ["time-slicing"]}}


def _queue(draw: st.DrawFn, name: str, pools: list[dict[str, Any]], apart: dict[str, bool]) -> dict[str, Any]:
    """A queue of some pools, all counted alike; in a cohort or on its own."""
    mode = apart[draw(st.sampled_from(pools))["name"]]
    fitting = [pool for pool in pools if apart[pool["name"]] is mode]
    quotas = _quotas_of(draw, fitting, apart, least=1)
    workload = {"workload": FIFTH_LOST}
    fallback = {"fallback": "quota" if mode else "capacity"}
    if not draw(st.booleans()):
        return a_queue(name=name, quotas=quotas) | fallback | workload
    for quota in quotas:
        if draw(st.booleans()):
            quota["lend"] = draw(st.integers(0, quota.get("gpus", quota.get("units"))))
        if draw(st.booleans()):
            quota["borrow"] = draw(st.integers(0, 8))
    when = draw(st.sampled_from(["MayStopSearch", "TryNextFlavor"]))
    return a_queue(name=name, quotas=quotas, cohort="all", whenCanBorrow=when) | fallback | workload


def _quotas_of(
    draw: st.DrawFn, pools: list[dict[str, Any]], apart: dict[str, bool], *, least: int
) -> list[dict[str, Any]]:
    flavors = [
        {"pool": pool["name"]} | ({"capacity": kind} if kind else {})
        for pool in pools
        for kind in ([item["type"] for item in pool["capacity"]] if apart[pool["name"]] else [None])
    ]
    chosen = draw(st.lists(st.sampled_from(range(len(flavors))), min_size=least, max_size=3, unique=True))
    named = {pool["name"]: pool for pool in pools}
    return [_quota(draw, flavors[index], named[flavors[index]["pool"]]) for index in chosen]


def _quota(draw: st.DrawFn, flavor: dict[str, Any], pool: dict[str, Any]) -> dict[str, Any]:
    """A quota of a flavor, alone no more than the pool has of it."""
    nodes = sum(item["maxNodes"] for item in pool["capacity"] if flavor.get("capacity") in (None, item["type"]))
    most = min(16, nodes * GPUS * pool["sharing"].get("replicas", 1))
    return flavor | {counted_in(pool["sharing"]): draw(st.integers(0, most))}
