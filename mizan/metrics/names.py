"""The series that the recording rules write, and their labels."""

from dataclasses import replace
from typing import Final

from mizan.metrics.series import Kind, Series

CLUSTER: Final = "cluster"
"""On every series: the cluster's name, so that several add up in one store."""

OWNER: Final = ("namespace", "team", "cost_center", "project", "workload_type", "queue")
"""Who a dollar is charged to."""

BOUGHT: Final = ("pool", "offer", "capacity_type", "gpu_model")
"""What a dollar is paid for."""

PART: Final = "part"
GPU: Final = "gpu"
HOST: Final = "host"
PARTS: Final = (GPU, HOST)
"""A node's price is paid for its GPUs and for the machine around them."""

REASON: Final = "reason"
UNALLOCATED: Final = "unallocated"
KEPT: Final = "kept"
UNKNOWN: Final = "unknown"
UNUSED: Final = "unused"

POD: Final = ("namespace", "pod", "uid", "node")

OFFER_NODE_PRICE: Final = Series(
    name="mizan_offer_node_price_usd_per_hour",
    labels=("node", PART, *BOUGHT, "machine", "as_of", "basis"),
    unit="USD per hour",
    meaning="Price of a node by each offer whose labels it carries, which is one but while its labels change; of a "
    "machine that the pool no longer makes, that machine's.",
    formula="the price row's USD x GPU or host part",
)
NODE_PRICE: Final = Series(
    name="mizan_node_gpu_price_usd_per_hour",
    labels=OFFER_NODE_PRICE.labels,
    unit="USD per hour",
    meaning="Price of a GPU node, GPU and host part apart; `machine`, `as_of` and `basis` are those of the price row.",
    formula="both parts of the dearest `mizan_offer_node_price_usd_per_hour` of a node",
)
NODE_GPUS: Final = Series(
    name="mizan_node_gpus",
    labels=("node", "offer"),
    unit="GPUs",
    meaning="GPUs of a node as its machine is sold, whether they work or not.",
    formula="GPUs of the offer's machine, or of the one that the node is",
)
UNIT_GPUS: Final = Series(
    name="mizan_unit_gpus",
    labels=("node", "resource", "offer"),
    unit="GPUs",
    meaning="What one unit of a resource is of a GPU: 1, a MIG instance's share, one of so many replicas.",
    formula="the part's share of its GPU",
)
UNIT_PRICE: Final = Series(
    name="mizan_unit_price_usd_per_hour",
    labels=("node", "resource", PART, *BOUGHT),
    unit="USD per hour",
    meaning="Price of one unit of a resource on a node; all units of a node make up its price.",
    formula="`mizan_unit_gpus` x `mizan_node_gpu_price_usd_per_hour` / `mizan_node_gpus`",
)
NODE_WITHOUT_PRICE: Final = Series(
    name="mizan_node_without_price",
    labels=("node",),
    unit="1",
    meaning="A node with GPUs that no offer prices, or of a machine without a price row: its cost is unknown, not 0.",
    formula="nodes with NVIDIA's resources, labels or taint, without `mizan_node_gpu_price_usd_per_hour`",
)

POD_UNITS: Final = Series(
    name="mizan_pod_gpu_units",
    labels=(*POD, "resource"),
    unit="units",
    meaning="Units that a pod holds on its node, as the scheduler counts them, but for init containers that ask for "
    "GPUs beside sidecars that do; a pod that ended holds none.",
    formula="max(sum of containers and sidecars, largest init container)",
)
POD_GPUS: Final = Series(
    name="mizan_pod_gpus",
    labels=POD,
    unit="GPUs",
    meaning="GPUs that a pod holds; a part of one where GPUs are shared.",
    formula="sum of `mizan_pod_gpu_units` x `mizan_unit_gpus`",
)
POD_OWNER: Final = Series(
    name="mizan_pod_owner",
    labels=("pod", "uid", *OWNER),
    unit="1",
    meaning="Who a GPU pod is charged to: `team` and `project` of its namespace, the rest of the pod itself; "
    "`cost_center` of the namespace where the pod has none.",
    formula="labels of pod and namespace",
)
COUNTED_GPUS: Final = Series(
    name="mizan_node_counted_gpus",
    labels=("node",),
    unit="GPUs",
    meaning="GPUs that a node's price is divided by: its own, or what pods are told to hold while that is more.",
    formula="max(`mizan_node_gpus`, sum of `mizan_pod_gpus`)",
)
COUNTED_PRICE: Final = Series(
    name="mizan_counted_gpu_price_usd_per_hour",
    labels=("node", PART, *BOUGHT),
    unit="USD per hour",
    meaning="What a GPU of a node costs, of as many as its price is divided by.",
    formula="`mizan_node_gpu_price_usd_per_hour` / `mizan_node_counted_gpus`",
)
OWNER_GPUS: Final = Series(
    name="mizan_owner_gpus",
    labels=(*OWNER, "node"),
    unit="GPUs",
    meaning="GPUs that an owner's pods hold on a node.",
    formula="sum of `mizan_pod_gpus` by `mizan_pod_owner`",
)
FREE_GPUS: Final = Series(
    name="mizan_node_free_gpus",
    labels=("node",),
    unit="GPUs",
    meaning="GPUs of a node that no pod is charged for.",
    formula="`mizan_node_counted_gpus` - sum of `mizan_owner_gpus`",
)
NODE_KEPT: Final = Series(
    name="mizan_node_kept",
    labels=("node",),
    unit="1",
    meaning="A node that a placeholder keeps whether anybody uses it or not.",
    formula="nodes of pods with the placeholders' priority class",
)
NODE_UNKNOWN: Final = Series(
    name="mizan_node_unknown",
    labels=("node",),
    unit="1",
    meaning="A node of which nobody can say who holds its GPUs.",
    formula="nodes with units that their offer does not have, and of claimed devices where DCGM tells no claims",
)
COST: Final = Series(
    name="gpu_cost_hourly",
    labels=(*OWNER, *BOUGHT, PART),
    unit="USD per hour",
    meaning="What the pods of an owner cost: their share of the whole node, GPUs and host. It is never per pod.",
    formula="`mizan_owner_gpus` x `mizan_node_gpu_price_usd_per_hour` / `mizan_node_counted_gpus`",
)
UNALLOCATED_COST: Final = Series(
    name="gpu_unallocated_cost_hourly",
    labels=(REASON, *BOUGHT, PART),
    unit="USD per hour",
    meaning="What is paid for GPUs that no pod is charged for: `unallocated`, `kept` by a placeholder, or `unknown`. "
    "With `gpu_cost_hourly` it makes up the price of all nodes.",
    formula="`mizan_node_free_gpus` x `mizan_node_gpu_price_usd_per_hour` / `mizan_node_counted_gpus`",
)

UTILISATION: Final = Series(
    name="mizan_pod_gpu_utilisation_ratio",
    labels=("namespace", "pod", "node"),
    unit="ratio 0 to 1",
    meaning="How busy a pod keeps what it holds; absent where nobody measures it.",
    formula="mean over its GPUs of DCGM_FI_DEV_GPU_UTIL / 100, over its MIG instances of DCGM_FI_PROF_GR_ENGINE_ACTIVE,"
    " each by its share; of shared GPUs its own processes' parts / its shares. GPUs that DCGM does not tell are taken "
    "for as busy as the pod's others",
)
KNOWN_GPUS: Final = Series(
    name="mizan_owner_known_gpus",
    labels=OWNER_GPUS.labels,
    unit="GPUs",
    meaning="GPUs that an owner's pods hold on a node and whose utilisation is known: all of a pod's as soon as DCGM "
    "tells one.",
    formula="sum of `mizan_pod_gpus` that have `mizan_pod_gpu_utilisation_ratio`",
)
USEFUL_GPUS: Final = Series(
    name="mizan_owner_useful_gpus",
    labels=OWNER_GPUS.labels,
    unit="GPUs",
    meaning="The same, each counted by how busy it is.",
    formula="sum of `mizan_pod_gpus` x `mizan_pod_gpu_utilisation_ratio`",
)
KNOWN_COST: Final = Series(
    name="gpu_known_cost_hourly",
    labels=COST.labels,
    unit="USD per hour",
    meaning="The part of `gpu_cost_hourly` whose utilisation is known.",
    formula="`mizan_owner_known_gpus` x `mizan_node_gpu_price_usd_per_hour` / `mizan_node_counted_gpus`",
)
USEFUL_COST: Final = Series(
    name="gpu_useful_cost_hourly",
    labels=COST.labels,
    unit="USD per hour",
    meaning="The part of `gpu_known_cost_hourly` in which GPUs worked.",
    formula="`mizan_owner_useful_gpus` x `mizan_node_gpu_price_usd_per_hour` / `mizan_node_counted_gpus`",
)
IDLE_COST: Final = Series(
    name="gpu_idle_cost_hourly",
    labels=(REASON, *COST.labels),
    unit="USD per hour",
    meaning="What is paid for GPUs that do nothing: `unused` by the owner who holds them, `unallocated` or `kept`. "
    "What is unknown is not in it.",
    formula="`gpu_known_cost_hourly` - `gpu_useful_cost_hourly`; `gpu_unallocated_cost_hourly` but `unknown`",
)
KNOWN_RATIO: Final = Series(
    name="mizan_utilisation_known_ratio",
    labels=(),
    unit="ratio 0 to 1",
    meaning="The share of all pods' dollars whose utilisation is known.",
    formula="`gpu_known_cost_hourly` / `gpu_cost_hourly`",
)
EFFICIENCY: Final = Series(
    name="mizan_cost_efficiency_ratio",
    labels=(),
    unit="ratio 0 to 1",
    meaning="Useful dollars of those paid; absent where pods run and no utilisation is known.",
    formula="`gpu_useful_cost_hourly` / (`gpu_known_cost_hourly` + `gpu_unallocated_cost_hourly` but `unknown`)",
)
POOL_EFFICIENCY: Final = replace(
    EFFICIENCY, name="mizan_pool_cost_efficiency_ratio", labels=("pool",), meaning="The same of one pool."
)
TEAM_EFFICIENCY: Final = Series(
    name="mizan_team_cost_efficiency_ratio",
    labels=("team",),
    unit="ratio 0 to 1",
    meaning="Useful dollars of those that a team's pods cost, where utilisation is known.",
    formula="`gpu_useful_cost_hourly` / `gpu_known_cost_hourly` by team",
)
SAVING: Final = Series(
    name="gpu_saving_hourly",
    labels=BOUGHT,
    unit="USD per hour",
    meaning="What the nodes of an offer cost less than on-demand; below 0 they cost more. Spot is "
    '`capacity_type="spot"`.',
    formula="(on-demand price of the machine - price paid) x nodes",
)


def _total(of: Series) -> Series:
    return Series(
        name=of.name.replace("_hourly", "_total"),
        labels=of.labels,
        unit="USD",
        meaning=f"`{of.name}` summed over time; starts at 0, and ends two hours after its last dollar.",
        formula=f"sum of `{of.name}` x seconds until the next evaluation, at most 150, / 3600",
        kind=Kind.COUNTER,
    )


COST_TOTAL: Final = _total(COST)
UNALLOCATED_COST_TOTAL: Final = _total(UNALLOCATED_COST)
KNOWN_COST_TOTAL: Final = _total(KNOWN_COST)
USEFUL_COST_TOTAL: Final = _total(USEFUL_COST)
IDLE_COST_TOTAL: Final = _total(IDLE_COST)
SAVING_TOTAL: Final = replace(
    _total(SAVING),
    meaning="What nodes cost less than on-demand, summed over time. What they cost more is in `gpu_overpaid_total`: a "
    "counter that goes down is taken for one that began anew.",
    formula="sum of `gpu_saving_hourly`, where it is above 0, x seconds until the next evaluation, at most 150, / 3600",
)
OVERPAID_TOTAL: Final = replace(
    SAVING_TOTAL,
    name="gpu_overpaid_total",
    meaning="What nodes cost more than on-demand, summed over time. `gpu_saving_total` less this is what was saved.",
    formula="the same of `gpu_saving_hourly`, where it is below 0, without its sign",
)

MONTH: Final = "month"
TEAM_MONTH: Final = Series(
    name="mizan_team_cost_month_usd",
    labels=("team", MONTH),
    unit="USD",
    meaning="What a team's pods cost since the first of the month, UTC; `month` is such as `202611`. Pods without a "
    "team have a row without `team`.",
    formula="sum of `gpu_cost_hourly` by team over the month; from 0 where Prometheus was away for two days",
)
MONTH_COUNTED: Final = Series(
    name="mizan_cost_month_counted_seconds",
    labels=(MONTH,),
    unit="seconds",
    meaning="So much of the month is in `mizan_team_cost_month_usd`: where it is much less than what has passed, "
    "dollars are missing.",
    formula="sum of seconds between evaluations, each at most 150",
)
EVALUATED: Final = Series(
    name="mizan_cost_evaluated_timestamp_seconds",
    labels=(),
    unit="Unix seconds",
    meaning="When costs were last evaluated; a gap in it is a gap in every cost.",
    formula="the moment of evaluation, where kube-state-metrics tells of nodes or namespaces, and of pods",
)

OPENCOST_PRICE: Final = Series(
    name="mizan_opencost_node_price_usd_per_hour",
    labels=("node",),
    unit="USD per hour",
    meaning="What OpenCost takes a node for that we price.",
    formula="`node_total_hourly_cost`",
)
OPENCOST_RATIO: Final = Series(
    name="mizan_opencost_price_ratio",
    labels=("node", "pool", "offer"),
    unit="ratio",
    meaning="OpenCost's price of a node by ours: 1 where both agree, 0 where OpenCost has none or takes it for free.",
    formula="`mizan_opencost_node_price_usd_per_hour` / sum of `mizan_node_gpu_price_usd_per_hour`",
)

ALL: Final[tuple[Series, ...]] = (
    *(COST, COST_TOTAL, UNALLOCATED_COST, UNALLOCATED_COST_TOTAL, TEAM_MONTH, MONTH_COUNTED, EVALUATED),
    *(USEFUL_COST, USEFUL_COST_TOTAL, KNOWN_COST, KNOWN_COST_TOTAL, IDLE_COST, IDLE_COST_TOTAL),
    *(EFFICIENCY, POOL_EFFICIENCY, TEAM_EFFICIENCY, KNOWN_RATIO, UTILISATION, SAVING, SAVING_TOTAL, OVERPAID_TOTAL),
    *(NODE_PRICE, OFFER_NODE_PRICE, UNIT_PRICE, NODE_WITHOUT_PRICE, NODE_GPUS, UNIT_GPUS),
    *(POD_UNITS, POD_GPUS, POD_OWNER, OWNER_GPUS, KNOWN_GPUS, USEFUL_GPUS, COUNTED_GPUS, COUNTED_PRICE, FREE_GPUS),
    *(NODE_KEPT, NODE_UNKNOWN, OPENCOST_PRICE, OPENCOST_RATIO),
)
"""All of them, each once, those first that most people look for."""
