"""How fast a large stack is planned and priced, and its budgets are judged."""

import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from typing import Any

from local.home import PROJECT
from mizan.config import parse
from mizan.estimate import estimate, judge
from mizan.plan import Plan, build_plan

TODAY = date(2026, 11, 22)
POOLS = 200
TEAMS = 500
# Quotas of each team's queue, each of another pool.
QUOTAS = 4
RUNS = 5


def values(*, budget: bool = False) -> dict[str, Any]:
    """Return the keys of a stack of 200 pools and 500 teams, each with a queue of its own.

    Args:
        budget: whether stack and teams have one, which all of them exceed.
    """
    limit: dict[str, Any] = {"budget": {"usdPerMonth": 100}} if budget else {}
    return {
        "cloud": "local",
        "region": "us-central1",
        "pools": [
            {
                "name": f"pool-{index}",
                "machine": "a2-highgpu-8g",
                "gpu": "a100-40gb",
                "capacity": [{"type": "spot", "maxNodes": 20}, {"type": "on-demand", "maxNodes": 10}],
            }
            for index in range(POOLS)
        ],
        "queues": [
            {
                "name": f"queue-{index}",
                "quotas": [{"pool": f"pool-{(index + step * 7) % POOLS}", "gpus": 8} for step in range(QUOTAS)],
            }
            for index in range(TEAMS)
        ],
        "teams": [
            {"name": f"team-{index}", "costCenter": "bench", "project": "bench", "queues": [f"queue-{index}"], **limit}
            for index in range(TEAMS)
        ],
        "commitments": [
            {"name": f"reserved-{index}", "kind": "reservation", "machine": "a2-highgpu-8g", "nodes": 3}
            for index in range(10)
        ],
        "addons": {"kueue": {"install": "external"}},
        **limit,
    }


def plan_of(*, budget: bool = False) -> Plan:
    """Return that stack as a Plan."""
    return build_plan("bench", parse(values(budget=budget), TODAY))


def planning_seconds() -> float:
    """Return how long the stack takes from its keys to a Plan."""
    return _seconds(plan_of)


def estimating_seconds() -> float:
    """Return how long the Plan takes to an estimate."""
    plan = plan_of()
    return _seconds(lambda: estimate(plan))


def judging_seconds() -> float:
    """Return how long it takes to judge 501 budgets that are all exceeded, and to say what would keep each."""
    plan = plan_of(budget=True)
    costs = estimate(plan)
    return _seconds(lambda: judge(plan, costs))


def _seconds(work: Callable[[], object]) -> float:
    """Return the processor's: the work waits for nothing, and what else the machine does is none of it."""
    began = time.process_time()
    work()
    return time.process_time() - began


def preview_seconds() -> float:
    """Return how much longer the program takes for its estimate: to import it, compute it and put it into words.

    In new processes, as Pulumi starts one for each preview; the best of five.
    """
    return min(_seconds_of_costs() for _ in range(RUNS))


def _seconds_of_costs() -> float:
    load = (
        "import json, time; from datetime import date; from pathlib import Path; from ruamel.yaml import YAML;"
        "told = YAML(typ='safe').load(Path('stacks/Pulumi.local.yaml').read_text())['config'];"
        "values = {key: value if isinstance(value, str) else json.dumps(value) for key, value in told.items()};"
        "from stacks.load import Configuration, load;"
        "plan = load('local', Configuration(settings=values), date(2026, 11, 22)).plan; began = time.monotonic();"
    )
    costs = (
        "from mizan.estimate import estimate, judge; from mizan.estimate.render import document, short_table;"
        "figures = estimate(plan); verdicts = judge(plan, figures); short_table(figures, verdicts);"
        "document(figures, verdicts); print(time.monotonic() - began)"
    )
    command = [sys.executable, "-c", load + costs]
    told = subprocess.run(command, cwd=PROJECT, check=True, timeout=60, capture_output=True, text=True).stdout
    return float(told)
