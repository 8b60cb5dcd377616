"""How long the rules of a large cluster take, and what a Prometheus needs for it.

All rules of the stack, alerts too, over what exporters tell of 2,000 nodes, 10,000 GPUs and 20,000 pods that each have
a part of them. Of kube-state-metrics there is what is read of it. Kubelets, cAdvisor and node exporter are not there:
no rule of ours reads them. `python -m tests.bench.rules` measures it alone, and prints which rules take longest.
"""

import re
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from local.gpu_metrics.exporter import Memory, step
from local.gpu_metrics.objects import Cluster
from local.gpu_metrics.planned import fleet_of
from local.home import Home
from local.measuring import metrics_of
from local.platform import tools
from local.progress import Reporter
from mizan import keys
from mizan.plan import Plan
from tests.bench.figure import Figure
from tests.bench.large_cluster import NODES, STARTED, large_cluster, large_plan
from tests.bench.large_prometheus import LargePrometheus, answers_of, large_prometheus
from tests.bench.object_series import READ, of_node, of_pod

LIMIT_SECONDS = 5.0
LIMIT_GB = 4.0
LIMIT_CORES = 1.0
QUESTION = "sum by (team) (gpu_cost_hourly)"
# What is recorded has to be worth it: a board asks a dozen such questions at each refresh, each reader has his own.
TIMES_FASTER = 5
MOST_QUESTIONS = 8.0

_POD = "namespace, pod, uid"
_HELD = (
    f'kube_pod_container_resource_requests{{resource=~"nvidia_com_.+"}}'
    f' unless on ({_POD}) (kube_pod_status_phase{{phase=~"Succeeded|Failed"}} == 1)'
)
JOINED = (
    "sum by (team) (label_replace("
    f"sum by (namespace) (({_HELD}) / on (node, resource) group_left () kube_node_status_allocatable"
    " * on (node) group_left () node_total_hourly_cost)"
    ' * on (namespace) group_left (label_team) kube_namespace_labels, "team", "$1", "label_team", "(.+)"))'
)
"""The same dollars, asked of exporters' series as without rules: OpenCost's price of a node by the units held of it."""

_SETTLED_SECONDS = 900.0
_WATCHED_SECONDS = 180.0
_EACH_SECONDS = 5.0
_RUNS = 3
_LONGEST = 15
_LEAST_USD = 1e-6
_GIGABYTE = 1e9

_DURATION = re.compile(r'^prometheus_rule_group_last_duration_seconds\{rule_group=".*;(.+)"\} (\S+)$', re.MULTILINE)
_NO_LIMIT = float("inf")


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What was seen of a Prometheus over a while.

    Attributes:
        groups: seconds of one evaluation of each group, the median.
        rules: of each of their rules.
        gigabytes: of memory, at most.
        cores: that it kept busy, on average, with scrapes and all else that it does.
        head: series in memory.
        recorded: those of them that rules write.
        asked: seconds of QUESTION, of what is recorded and of exporters' own series.
    """

    groups: Mapping[str, float]
    rules: Mapping[str, float]
    gigabytes: float
    cores: float
    head: float
    recorded: float
    asked: tuple[float, float]


def figures(folder: Path, reporter: Reporter) -> list[Figure]:
    """Return what the rules take and what Prometheus needs, against their limits."""
    plan = large_plan()
    cluster = large_cluster(plan)
    seen = measured(folder, reporter, plan, cluster)
    return [*_of_rules(seen, cluster), *_of_series(plan, cluster, seen)]


def measured(folder: Path, reporter: Reporter, plan: Plan, cluster: Cluster) -> Seen:
    """Return what is seen of a Prometheus of its own that reads a cluster.

    Raises:
        TimeoutError: it does not come to an end with the first evaluations.
        ValueError: a rule fails, or dollars do not add up.
    """
    home = Home(folder / "large")
    home.create()
    answers = answers_of(plan, cluster)
    with large_prometheus(home, tools(reporter, ("prometheus",)), answers, metrics_of(plan).rules) as prometheus:
        pods = len(cluster.pods)
        prometheus.wait(
            lambda: prometheus.value("count(gpu_useful_cost_total offset 1m)") is not None, _SETTLED_SECONDS
        )
        prometheus.wait(
            lambda: prometheus.value("count(mizan_pod_gpu_utilisation_ratio offset 1m)") == pods, _SETTLED_SECONDS
        )
        began, before = time.monotonic(), _cpu_seconds(prometheus)
        groups, rules, gigabytes = _watched(prometheus)
        cores = (_cpu_seconds(prometheus) - before) / (time.monotonic() - began)
        _must_hold(prometheus)
        return Seen(
            groups=groups,
            rules=rules,
            gigabytes=gigabytes,
            cores=cores,
            head=prometheus.value("prometheus_tsdb_head_series") or 0,
            recorded=prometheus.value(f'count({{cluster="{plan.cluster_name}"}})') or 0,
            asked=_asked(prometheus),
        )


def _watched(prometheus: LargePrometheus) -> tuple[Mapping[str, float], Mapping[str, float], float]:
    """Return for a while what each group and each rule took, and the most memory."""
    groups, rules = defaultdict[str, set[float]](set), defaultdict[str, set[float]](set)
    most = 0
    until = time.monotonic() + _WATCHED_SECONDS
    while time.monotonic() < until:
        for group, seconds in _DURATION.findall(prometheus.metrics()):
            groups[group].add(float(seconds))
        for group in prometheus.groups():
            for number, rule in enumerate(group["rules"]):
                rules[f"{group['name']} {number} {rule['name']}"].add(rule["evaluationTime"])
        most = max(most, prometheus.process.memory_info().rss)
        time.sleep(_EACH_SECONDS)
    return _medians(groups), _medians(rules), most / _GIGABYTE


def _cpu_seconds(prometheus: LargePrometheus) -> float:
    spent = prometheus.process.cpu_times()
    return float(spent.user + spent.system)


def _medians(found: Mapping[str, set[float]]) -> Mapping[str, float]:
    return {name: median(values) for name, values in found.items()}


def _must_hold(prometheus: LargePrometheus) -> None:
    """See that what is measured is right: rules that fail are fast."""
    failed = [rule for group in prometheus.groups() for rule in group["rules"] if rule["health"] != "ok"]
    paid = "sum(gpu_cost_hourly) + sum(gpu_unallocated_cost_hourly)"
    price = "sum(mizan_node_gpu_price_usd_per_hour)"
    if failed or prometheus.value(f"abs({paid} - {price}) < 1e-9 * {price}") is None:
        message = f"costs do not add up; {[rule['lastError'] for rule in failed]}"
        raise ValueError(message)


def _asked(prometheus: LargePrometheus) -> tuple[float, float]:
    """Return how long both ways to ask a question take; both have one answer."""
    (recorded, answer), (joined, other) = (_best(prometheus, expr) for expr in (QUESTION, JOINED))
    if answer.keys() != other.keys() or any(abs(usd - other[team]) > _LEAST_USD for team, usd in answer.items()):
        message = "rules record other dollars than exporters' series have"
        raise ValueError(message)
    return recorded, joined


def _best(prometheus: LargePrometheus, expr: str) -> tuple[float, Mapping[str, float]]:
    """Return how long a question takes, the best of several as Prometheus tells it, and the dollars of each team."""
    told = [prometheus.query(expr, stats="all") for _ in range(_RUNS)]
    seconds = min(float(each["stats"]["timings"]["execTotalTime"]) for each in told)
    return seconds, {each["metric"]["team"]: float(each["value"][1]) for each in told[-1]["result"]}


def _of_rules(seen: Seen, cluster: Cluster) -> Iterator[Figure]:
    gpus = sum(node.whole_gpus for node in cluster.nodes)
    size = f"{len(cluster.nodes):,} nodes, {gpus:,} GPUs, {len(cluster.pods):,} pods"
    recorded, joined = seen.asked
    yield Figure(f"all groups of rules of {size}, one evaluation", sum(seen.groups.values()), LIMIT_SECONDS)
    for group, seconds in seen.groups.items():
        yield Figure(f"of that, {group}", seconds, _NO_LIMIT)
    yield Figure("memory of their Prometheus, at most", seen.gigabytes, LIMIT_GB, "GB")
    yield Figure("cores that it keeps busy, on average", seen.cores, LIMIT_CORES, "cores")
    yield Figure("dollars by team, asked of exporters' series", joined, _NO_LIMIT)
    yield Figure("the same, asked of what rules recorded", recorded, joined / TIMES_FASTER)
    yield Figure("all groups of rules, in such questions", sum(seen.groups.values()) / joined, MOST_QUESTIONS, "")


def _of_series(plan: Plan, cluster: Cluster, seen: Seen) -> Iterator[Figure]:
    yield Figure("series in memory", seen.head / 1000, _NO_LIMIT, "thousand")
    yield Figure("of them recorded by rules", seen.recorded / 1000, _NO_LIMIT, "thousand")
    yield Figure("memory of a series", seen.gigabytes * _GIGABYTE / seen.head / 1024, _NO_LIMIT, "KiB")
    for each in NODES:
        series = _of_a_gpu(plan, cluster, each.pool)
        yield Figure(f"series of DCGM of a GPU of {each.pool}", series, _NO_LIMIT, "")
    offered = plan.offers[0].resources
    for name, told in (("node", of_node(cluster.nodes[0], offered)), ("pod", of_pod(cluster.pods[0]))):
        names = [series for series, _, _ in told]
        yield Figure(f"series of kube-state-metrics of a {name}", len(names), _NO_LIMIT, "")
        yield Figure("of them read", sum(series in READ for series in names), _NO_LIMIT, "")


def _of_a_gpu(plan: Plan, cluster: Cluster, pool: str) -> float:
    """Return how many series DCGM has of a GPU of a pool, by its first node."""
    node = next(node for node in cluster.nodes if node.labels[keys.POOL] == pool)
    alone = Cluster(nodes=(node,), pods=tuple(pod for pod in cluster.pods if pod.node == node.name))
    _, told = step(Memory(), alone, fleet_of(plan), STARTED)
    return sum(len(family.samples) for family in told.dcgm) / node.whole_gpus


def main() -> int:
    """Print the figures, and the rules that take longest; return 0 when every limit is kept."""
    plan = large_plan()
    cluster = large_cluster(plan)
    with tempfile.TemporaryDirectory(prefix="mizan-bench-") as folder:
        seen = measured(Path(folder), Reporter(), plan, cluster)
    found = [*_of_rules(seen, cluster), *_of_series(plan, cluster, seen)]
    for figure in found:
        sys.stdout.write(f"{figure.name}\t{figure.value:.3f} {figure.unit}\n")
    for name, seconds in sorted(seen.rules.items(), key=lambda each: -each[1])[:_LONGEST]:
        sys.stdout.write(f"{seconds:.3f} s\t{name}\n")
    return 0 if all(figure.holds for figure in found) else 1


if __name__ == "__main__":
    sys.exit(main())
