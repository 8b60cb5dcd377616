"""What a plan says of GPUs that are paid for and that nobody gets, or more than are meant."""

import pytest

from tests.builders import a_plan, a_pool, a_queue, a_stack, a_team
from tests.eks_stacks import an_eks_stack, eks_pool
from tests.gke_stacks import a_gke_stack
from tests.sharing_stacks import DEVICES, LAYOUT, PROFILE, TURNS, a_sharing_stack, counted_in, kept

OFF = {"driver": "INSTALLATION_DISABLED"}
EXTERNAL = {"install": "external"}
HELM = {"kueue": {"install": "helm"}}


def on_demand(most=4, least=0):
    return [{"type": "on-demand", "maxNodes": most, "minNodes": least}]


def kept_of(sharing, units, fallback="quota", stack=a_stack, pool=a_pool, capacity=None):
    """What a stack of one pool with four nodes that stay says of those that no job gets."""
    quota = {"pool": "a100", counted_in(sharing): units}
    if fallback == "quota":
        quota["capacity"] = "on-demand"
    pools = [pool(sharing=sharing, capacity=capacity or on_demand(4, 4))]
    values = stack(pools=pools, queues=[a_queue(fallback=fallback, quotas=[quota])], jobs=[])
    return [text for text in a_plan(values, stack="test").warnings if "always has" in text]


def test_nodes_that_stay_beyond_what_queues_are_admitted_to_are_told_with_their_dollars():
    """A p4d.24xlarge costs 21.957642 an hour: three of them 48,087.24 a month."""
    (told,) = kept_of(PROFILE, 7, stack=an_eks_stack, pool=eks_pool)
    assert told == (
        "pool a100: always has 4 nodes of on-demand with 224 x 1g.5gb, but queues are admitted to 7 of them at most; "
        "no job ever needs 3 nodes, at $48,087 a month whatever runs. Lower `minNodes`, or raise the quotas."
    )


@pytest.mark.parametrize("sharing", [{"mode": "none"}, PROFILE, TURNS, LAYOUT])
@pytest.mark.parametrize("fallback", ["quota", "capacity"])
def test_nodes_that_quotas_fill_to_the_last_one_are_not(sharing, fallback):
    per_node = {"mig": 28, "time-slicing": 16, "none": 4}[sharing["mode"]] if sharing is not LAYOUT else 4
    assert kept_of(sharing, 3 * per_node + 1, fallback) == []
    (told,) = kept_of(sharing, 3 * per_node, fallback)
    assert "no job ever needs 1 node, at $" in told


def test_of_two_capacity_types_the_cheaper_nodes_are_told():
    """Quota for one node of two: spot is the least that the other one costs."""
    capacity = [
        {"type": "spot", "maxNodes": 2, "minNodes": 1},
        {"type": "on-demand", "maxNodes": 1, "minNodes": 1},
    ]
    values = a_stack(
        pools=[a_pool(capacity=capacity)],
        queues=[a_queue(fallback="capacity", quotas=[{"pool": "a100", "gpus": 4}])],
        jobs=[],
    )
    plan = a_plan(values)
    spot = plan.offers[0].price.usd_per_hour
    (told,) = [text for text in plan.warnings if "always has 2 nodes with 8 GPUs" in text]
    assert f"no job ever needs 1 node, at ${spot * 730:,.0f}" in told


def test_nodes_that_are_paid_in_advance_are_told_without_dollars():
    held = {"name": "held", "kind": "reservation", "machine": "a2-highgpu-4g", "nodes": 2, "usdPerHour": 7}
    queue = a_queue(quotas=[{"pool": "a100", "capacity": "on-demand", "gpus": 4}])
    values = a_stack(pools=[a_pool(capacity=on_demand(2, 2))], queues=[queue], jobs=[], commitments=[held])
    (told,) = [text for text in a_plan(values).warnings if "always has" in text]
    assert "no job ever needs 1 node. Lower `minNodes`" in told


def test_spare_parts_are_called_parts_and_kept_ones_are_in_the_minimum():
    queue = a_queue(quotas=[{"pool": "a100", "capacity": "on-demand", "units": 7}])

    def told(least):
        values = a_stack(pools=[a_pool(sharing=PROFILE, capacity=on_demand(2, least))], queues=[queue], jobs=[])
        return [text for text in a_plan(values).warnings if "grows to" in text]

    (beyond,) = told(1)
    assert beyond == (
        "pool a100: grows to 56 x 1g.5gb of on-demand, but queues are admitted to 7 of them at most; no job gets the "
        "rest, which is in the maximum of every estimate. Raise the quotas, or lower `maxNodes`."
    )
    assert "which is in the minimum and maximum of every estimate" in told(2)[0]


def test_a_pool_of_parts_that_no_queue_counts_is_told_in_parts():
    spare = a_pool(name="spare", sharing=TURNS, capacity=on_demand(1))
    told = "pool spare: no queue counts its 16 x 1/4 of a GPU, so no job gets them. Add a quota, or remove it."
    assert told in a_plan(a_stack(pools=[a_pool(), spare])).warnings


def stranded(sharing, **pool):
    values = a_sharing_stack("local", sharing, capacity=kept(), **pool)
    return [text for text in a_plan(values).warnings if "memory slices" in text]


def test_a_layout_that_leaves_most_of_a_gpu_to_nobody_tells_what_is_paid_for_it():
    """The only instance of a GPU has an eighth of it and pays for all."""
    sharing = {"mode": "mig", "layout": {"1g.5gb": 1}}
    values = a_sharing_stack("local", sharing, capacity=kept())
    for quota in values["queues"][0]["quotas"]:
        quota["units"] = quota.pop("gpus")
    plan = a_plan(values)
    (told,) = [text for text in plan.warnings if "memory slices" in text]
    offer = plan.pools[0].offers[0]
    usd, mark = offer.price.usd_per_hour / 4, "*" if offer.price.is_derived else ""
    assert told == (
        "pool a100: 1g.5gb leaves 7 of 8 memory slices of each GPU to nobody, and its instances pay for them: on "
        f"{offer.capacity_type} ${usd * 7 / 8:.2f}{mark} of the ${usd:.2f}{mark} of a 1g.5gb an hour buys nothing. "
        "Choose a layout that leaves less, as `mizan layouts a100-40gb` shows them."
    )


@pytest.mark.parametrize(
    ("sharing", "left"),
    [
        (PROFILE, None),
        (LAYOUT, None),
        (TURNS, None),
        ({"mode": "mig", "profile": "2g.10gb"}, 2),
        ({"mode": "mig", "layout": {"3g.20gb": 1, "1g.5gb": 2}}, 2),
        ({"mode": "dra", "layout": {"3g.20gb": 1, "1g.5gb": 1}}, 3),
    ],
)
def test_from_a_quarter_of_a_gpu_on_that_is_told(sharing, left):
    found = stranded(sharing)
    assert [f"leaves {left} of 8 memory slices" in text for text in found] == ([] if left is None else [True])
    assert all(text.count(" of the $") == len(sharing.get("layout", "x")) for text in found)


def quota_sums(cut, manager=None, queues=("whole", "parts")):
    """What a stack on GKE says of team-a, with four whole GPUs by one queue and 28 parts by another."""
    sharing = cut | ({"manager": manager} if manager else {})
    least = 1 if manager else 0
    pools = [
        a_pool(name="whole", capacity=on_demand(1)),
        a_pool(name="cut", sharing=sharing, capacity=on_demand(1, least), gke=OFF if manager else {}),
    ]
    counted = counted_in(cut)
    made = [
        a_queue(name="whole", fallback="capacity", quotas=[{"pool": "whole", "gpus": 4}]),
        a_queue(name="parts", fallback="capacity", quotas=[{"pool": "cut", counted: 28 if cut is PROFILE else 16}]),
    ]
    teams = [a_team(queues=list(queues)), a_team(name="team-b", queues=["whole", "parts"])]
    values = a_gke_stack(pools=pools, queues=made, teams=teams, jobs=[])
    return [text for text in a_plan(values, stack="gke-test").warnings if text.startswith("team team-a")]


def test_whole_gpus_and_parts_by_one_name_are_one_sum_to_a_namespace():
    (told,) = quota_sums(PROFILE)
    assert told == (
        "team team-a: its ResourceQuota holds 32 nvidia.com/gpu, which is 4 GPUs and 28 x 1g.5gb, as their pools offer "
        "them by one name; it does not keep pods that no queue admits from 32 whole GPUs. Write `manager: operator` in "
        "the `sharing` of a pool, which names its parts apart, or give the parts to another team."
    )
    assert "holds 20 nvidia.com/gpu, which is 4 GPUs and 16 x 1/4 of a GPU" in quota_sums(TURNS)[0]


def test_parts_with_a_name_of_their_own_or_of_another_team_are_no_sum():
    assert quota_sums(PROFILE, manager="operator") == []
    assert quota_sums(PROFILE, queues=["whole"]) == []
    assert quota_sums(PROFILE, queues=["parts"]) == []


def setup_of(values, stack="test"):
    return [text for text in a_plan(values, stack=stack).warnings if "Until somebody has installed" in text]


def test_whole_gpus_on_gke_without_driver_and_operator_are_told():
    queue = a_queue(fallback="capacity", quotas=[{"pool": "a100", "gpus": 4}])
    pools = [a_pool(capacity=on_demand(1, 1), gke=OFF)]
    (told,) = setup_of(a_gke_stack(pools=pools, queues=[queue], jobs=[]))
    assert told == (
        "pool a100: the stack has no GPU operator. Until somebody has installed NVIDIA's driver and device plugin, no "
        "node there offers a GPU and jobs wait, while `minNodes` is paid: 1 node. Add `gpuOperator: {install: helm}` "
        "to the addons, leave `driver` out, or see to it before the first job."
    )
    addons = HELM | {"gpuOperator": {"install": "helm"}}
    assert setup_of(a_gke_stack(pools=pools, queues=[queue], jobs=[], addons=addons)) == []
    assert setup_of(a_gke_stack()) == []


@pytest.mark.parametrize(
    ("cloud", "sharing", "missing"),
    [
        ("eks", {"mode": "none"}, "device plugin"),
        ("eks", PROFILE, "device plugin"),
        ("eks", DEVICES, "DRA driver for GPUs"),
        ("gke", PROFILE | {"manager": "operator"}, "driver and device plugin"),
        ("gke", DEVICES, "driver and DRA driver for GPUs"),
    ],
)
def test_somebody_else_s_operator_is_told_as_what_nodes_wait_for(cloud, sharing, missing):
    values = a_sharing_stack(cloud, sharing, capacity=kept(), **({"gke": OFF} if cloud == "gke" else {}))
    (told,) = setup_of(values | {"addons": HELM | {"gpuOperator": EXTERNAL}})
    assert told == (
        "pool a100: the GPU operator is somebody else's. Until somebody has installed NVIDIA's "
        f"{missing}, no node there offers a GPU and jobs wait, while `minNodes` is paid: 2 nodes. Write `install: "
        "helm`, or see to it before the first job."
    )
    assert setup_of(values | {"addons": HELM}) == []


def test_nothing_waits_for_an_operator_where_gke_sets_nodes_up_or_a_cluster_was_there_before():
    assert setup_of(a_gke_stack(addons=HELM | {"gpuOperator": EXTERNAL})) == []
    assert setup_of(a_stack(addons={"kueue": EXTERNAL, "gpuOperator": EXTERNAL})) == []
