"""The simulated exporter: which pod has which GPU."""

from gpu_metrics_builders import a_cluster, a_fleet, raw_claim, raw_node, raw_pod
from hypothesis import given
from hypothesis import strategies as st

from local.gpu_metrics.holdings import claimed, held
from local.gpu_metrics.objects import pod_of
from mizan import keys
from tests.sharing_stacks import DEVICES, LAYOUT, PROFILE, TURNS

GPU = {keys.NVIDIA_GPU: 1}
TURN = {keys.NVIDIA_SHARED_GPU: 1}
WHOLE, SHARED, CUT = a_fleet(), a_fleet(TURNS), a_fleet(PROFILE)


def slots(holdings, name):
    return [place.slot for place in holdings[f"uid-of-{name}"]]


def test_pods_get_gpus_in_the_order_in_which_they_came():
    pods = [
        raw_pod("late", amounts=GPU, created="2026-11-23T10:00:01Z"),
        raw_pod("early", amounts={keys.NVIDIA_GPU: 2}, created="2026-11-23T10:00:00Z"),
    ]
    found = held({}, a_cluster([raw_node()], pods), WHOLE)
    assert (slots(found, "early"), slots(found, "late")) == ([0, 1], [2])


def test_a_pod_keeps_its_gpu_when_an_earlier_one_leaves():
    first, second, third = (raw_pod(name, amounts=GPU) for name in "abc")
    before = held({}, a_cluster([raw_node()], [first, second]), WHOLE)
    after = held(before, a_cluster([raw_node()], [second]), WHOLE)
    assert (slots(before, "b"), slots(after, "b")) == ([1], [1])
    later = held(after, a_cluster([raw_node()], [third, second]), WHOLE)
    assert (slots(later, "b"), slots(later, "c")) == ([1], [0])


def test_pods_that_share_are_spread_over_gpus():
    pods = [raw_pod(name, amounts=TURN) for name in "abcde"]
    found = held({}, a_cluster([raw_node()], pods), SHARED)
    taken = [SHARED.slots["a100"][slots(found, name)[0]] for name in "abcde"]
    assert [(slot.gpu, slot.copy) for slot in taken] == [(0, 0), (1, 0), (2, 0), (3, 0), (0, 1)]


def test_a_pod_gets_instances_of_the_profile_that_it_asks_for():
    fleet = a_fleet(LAYOUT)
    pod = raw_pod(amounts={f"{keys.NVIDIA_MIG}2g.10gb": 2})
    found = held({}, a_cluster([raw_node()], [pod]), fleet)
    taken = [fleet.slots["a100"][index] for index in slots(found, "train-0")]
    assert [(slot.gpu, slot.profile) for slot in taken] == [(0, "2g.10gb"), (1, "2g.10gb")]


def test_what_a_node_has_not_nobody_gets():
    pods = [raw_pod("a", amounts={keys.NVIDIA_GPU: 9}), raw_pod("b", amounts={keys.NVIDIA_SHARED_GPU: 1})]
    found = held({}, a_cluster([raw_node()], pods), WHOLE)
    assert (slots(found, "a"), slots(found, "b")) == ([0, 1, 2, 3], [])


def test_pods_that_have_ended_or_are_nowhere_hold_nothing():
    assert pod_of(raw_pod(phase="Succeeded")) is pod_of(raw_pod(phase="Failed")) is pod_of(raw_pod(node="")) is None
    assert held({}, a_cluster([], [raw_pod(amounts=GPU)]), WHOLE) == {}


def test_a_sidecar_holds_a_gpu_and_another_init_container_gives_it_back():
    pod = raw_pod(amounts=GPU)
    asked = {"resources": {"limits": {keys.NVIDIA_GPU: "1"}}}
    pod["spec"]["initContainers"] = [{"name": "once", **asked}, {"name": "side", "restartPolicy": "Always", **asked}]
    assert [container.name for container in pod_of(pod).containers] == ["side", "main"]


def test_a_node_of_no_pool_has_the_whole_gpus_that_it_offers():
    node = raw_node(pool="other", **{keys.NVIDIA_GPU: "2"})
    found = held({}, a_cluster([node], [raw_pod(amounts={keys.NVIDIA_GPU: 3})]), WHOLE)
    assert slots(found, "train-0") == [0, 1]


def test_a_claimed_device_is_found_by_its_name_on_the_pod_s_own_node():
    fleet = a_fleet(DEVICES)
    device = fleet.slots["a100"][8].device
    claims = [raw_claim("mine", device), raw_claim("elsewhere", device, node="node-b")]
    pod = raw_pod(claims=("mine", "elsewhere", "absent"))
    cluster = a_cluster([raw_node()], [pod], claims)
    assert [(place.slot, place.claim) for place in claimed(cluster.pods[0], cluster, fleet.slots["a100"])] == [
        (8, ("ml", "mine"))
    ]


def test_a_claim_that_was_made_from_a_template_stands_in_the_status():
    pod = raw_pod(claims=("gpu",))
    pod["spec"]["resourceClaims"] = [{"name": "gpu", "resourceClaimTemplateName": "whole"}]
    pod["status"]["resourceClaimStatuses"] = [{"name": "gpu", "resourceClaimName": "train-0-gpu-x7k2p"}]
    assert pod_of(pod).claims == {"gpu": "train-0-gpu-x7k2p"}


FLEETS = st.sampled_from(
    [(WHOLE, keys.NVIDIA_GPU), (SHARED, keys.NVIDIA_SHARED_GPU), (CUT, f"{keys.NVIDIA_MIG}1g.5gb")]
)


@given(kind=FLEETS, steps=st.lists(st.sets(st.integers(0, 9)), min_size=1, max_size=8))
def test_whoever_comes_and_goes_no_part_has_two_pods_and_no_pod_moves(kind, steps):
    fleet, resource = kind
    before = {}
    for present in steps:
        pods = [raw_pod(f"p{number}", amounts={resource: 1 + number % 2}) for number in sorted(present)]
        after = held(before, a_cluster([raw_node()], pods), fleet)
        taken = [place.slot for places in after.values() for place in places]
        assert len(taken) == len(set(taken))
        assert {uid: before[uid] for uid in before.keys() & after.keys()}.items() <= after.items()
        assert len(after) == len(present)
        before = after
