"""Hypothesis strategies: whole valid stacks, and values of any shape."""

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from mizan import keys
from mizan.catalogue import machines
from mizan.plan import PoolPlan
from mizan.prices import shipped

json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["name", "type", "pool", "gpus", "capacity", "x"]) | st.text(max_size=6), inner
        )
    ),
    max_leaves=8,
)

NAMES = st.from_regex(r"[a-z]([-a-z0-9]{0,10}[a-z0-9])?", fullmatch=True)
LABELS = st.from_regex(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,10}[A-Za-z0-9])?", fullmatch=True)
OWN_NAMES = NAMES.filter(lambda name: not keys.is_system_namespace(name))


# A pool and, where it is counted by capacity type, one of them.
Flavor = tuple[str, str | None]


def some(names: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True)


@st.composite
def some_min_nodes(draw: st.DrawFn, kind: str, most: int = 1) -> dict[str, int]:
    """Perhaps nodes of a capacity type that are always there; flex-start has none."""
    return {"minNodes": draw(st.integers(0, most))} if kind != "flex-start" and draw(st.booleans()) else {}


@st.composite
def stacks(draw: st.DrawFn) -> dict[str, Any]:
    """Values of a stack that keeps every rule and has a price for every offer."""
    region = draw(st.sampled_from(sorted(shipped().regions)))
    priced = sorted({row.machine for row in shipped() if row.region == region})
    # What a queue can count, by the way its queues fall back: a pool and, in mode quota, a capacity type.
    limits: dict[str, dict[Flavor, int]] = {"quota": {}, "capacity": {}}
    gpus: dict[str, int] = {}
    pools = []
    for name in draw(st.lists(NAMES, min_size=1, max_size=3, unique=True)):
        machine = machines()[draw(st.sampled_from(priced))]
        types = [
            row.capacity_type for row in shipped() if (row.region, row.machine, row.zone) == (region, machine.name, "")
        ]
        chosen = draw(some([str(kind) for kind in types]))
        capacity = [
            {"type": kind, "maxNodes": draw(st.integers(1, 1000))} | draw(some_min_nodes(kind)) for kind in chosen
        ]
        pools.append({"name": name, "machine": machine.name, "gpu": machine.gpu.name, "capacity": capacity})
        sizes = {(name, item["type"]): item["maxNodes"] * machine.gpus for item in capacity}
        by_capacity = draw(st.booleans())
        limits["capacity" if by_capacity else "quota"] |= {(name, None): sum(sizes.values())} if by_capacity else sizes
        gpus[name] = machine.gpus
    cohorts: list[dict[str, Any]] = []
    for name in draw(st.lists(NAMES, max_size=2, unique=True)):
        parents = [None, *(cohort["name"] for cohort in cohorts)]
        parent = draw(st.sampled_from(parents))
        cohorts.append({"name": name} | ({"parent": parent} if parent else {}))
    queues, largest = [], {}
    for name in draw(st.lists(NAMES, min_size=1, max_size=3, unique=True)):
        fallback = draw(st.sampled_from([mode for mode, counted in limits.items() if counted]))
        counted = limits[fallback]
        choices = st.sampled_from(sorted(counted, key=str))
        cohort = draw(st.sampled_from([None, *(cohort["name"] for cohort in cohorts)]))
        quotas = []
        for pool, kind in draw(st.lists(choices, min_size=1, max_size=3, unique=True)):
            quota = draw(st.integers(0, counted[pool, kind]))
            counted[pool, kind] -= quota
            limit = {"lend": draw(st.integers(0, quota))} if cohort and draw(st.booleans()) else {}
            quotas.append({"pool": pool, "gpus": quota} | _capacity(kind) | limit)
        queues.append({"name": name, "fallback": fallback, "quotas": quotas} | ({"cohort": cohort} if cohort else {}))
        largest[name] = max(gpus[quota["pool"]] for quota in quotas)
    apart = {quota["pool"] for queue in queues if queue["fallback"] == "quota" for quota in queue["quotas"]}
    left = _left(limits, apart)
    cohorts = [cohort | draw(_cohort_quotas(left)) for cohort in cohorts]
    teams = [
        {"name": name, "costCenter": draw(LABELS), "project": draw(LABELS), "queues": draw(some(sorted(largest)))}
        for name in draw(st.lists(OWN_NAMES, min_size=1, max_size=3, unique=True))
    ]
    names = st.lists(NAMES, max_size=2, unique=True)
    parts = {
        "pools": pools,
        "cohorts": cohorts,
        "queues": queues,
        "teams": teams,
        "jobs": [draw(_jobs(team, name, largest)) for team in teams for name in draw(names)],
    }
    return {"cloud": "local", "region": region, **parts, "addons": {"kueue": {"install": "external"}}}


def _capacity(kind: str | None) -> dict[str, str]:
    """A quota's capacity type; where there is none, the key is left out."""
    return {"capacity": kind} if kind else {}


def _left(limits: dict[str, dict[Flavor, int]], apart: set[str]) -> dict[Flavor, int]:
    """What the queues leave of each flavor; a pool that no queue counts is one flavor."""
    left: dict[Flavor, int] = {}
    for pool, kind in (*limits["quota"], *limits["capacity"]):
        flavor = (pool, kind if pool in apart else None)
        mode = "quota" if kind else "capacity"
        left[flavor] = left.get(flavor, 0) + limits[mode][pool, kind]
    return left


@st.composite
def _cohort_quotas(draw: st.DrawFn, left: dict[Flavor, int]) -> dict[str, Any]:
    """A cohort's own quotas, an empty list or no key; what it takes is taken from `left`."""
    quotas = []
    for pool, kind in draw(st.lists(st.sampled_from(sorted(left, key=str)), max_size=2, unique=True)):
        quota = draw(st.integers(0, left[pool, kind]))
        left[pool, kind] -= quota
        quotas.append({"pool": pool, "gpus": quota} | _capacity(kind))
    return {"quotas": quotas} if quotas or draw(st.booleans()) else {}


@st.composite
def _jobs(draw: st.DrawFn, team: dict[str, Any], name: str, largest: dict[str, int]) -> dict[str, Any]:
    queue = draw(st.sampled_from(team["queues"]))
    job = {
        "name": name,
        "team": team["name"],
        "queue": queue,
        "gpus": draw(st.integers(1, largest[queue])),
        "pods": draw(st.integers(1, 3)),
        "command": draw(st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=3)),
        "checkpoint": {"dir": f"s3://bucket/{name}", "intervalSeconds": draw(st.integers(1, 86_400))},
    }
    profiles = st.sampled_from(["busy", "half", "idle", "ramp", "diurnal:60", "leak:1"])
    job |= {"simulatedRunSeconds": draw(st.integers(1, 600))} if draw(st.booleans()) else {}
    return job | ({"simulatedGpuProfile": draw(profiles)} if draw(st.booleans()) else {})


def within_its_pools(values: dict[str, Any]) -> dict[str, Any]:
    """The stack with quotas that alone are no more than their pool has, once its pools are smaller."""
    pools = {pool["name"]: pool for pool in values["pools"]}
    owners = (*values["queues"], *values["cohorts"])
    for quota in (quota for owner in owners for quota in owner.get("quotas", [])):
        pool, kind = pools[quota["pool"]], quota.get("capacity")
        nodes = sum(item["maxNodes"] for item in pool["capacity"] if kind in (None, item["type"]))
        quota["gpus"] = min(quota["gpus"], nodes * machines()[pool["machine"]].gpus)
        if "lend" in quota:
            quota["lend"] = min(quota["lend"], quota["gpus"])
    return values


def without_min_nodes(pool: PoolPlan) -> PoolPlan:
    """The pool of which no node is always there."""
    return replace(pool, offers=tuple(replace(offer, min_nodes=0) for offer in pool.offers))
