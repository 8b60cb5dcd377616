"""Sharing in a stack file: what is refused, with its whole message, and what is taken."""

import pytest

from mizan.plan import build_plan
from tests.builders import a_config, a_pool, a_queue, a_stack, faults_of
from tests.gke_stacks import a_gke_plan, a_gke_stack

MIG = {"mode": "mig", "profile": "1g.5gb"}
SLICED = {"mode": "time-slicing", "replicas": 4}
ON_DEMAND = [{"type": "on-demand", "maxNodes": 2}]


def a_shared_stack(sharing: dict, quota: dict | None = None, **pool: object) -> dict:
    """A stack of one shared pool without jobs, whose queue counts 4 of what a quota counts there."""
    quota = {"units": 4} if quota is None else quota
    queue = a_queue(fallback="capacity", quotas=[{"pool": "a100"} | quota])
    return a_stack(pools=[a_pool(sharing=sharing, **({"capacity": ON_DEMAND} | pool))], queues=[queue], jobs=[])


def on_gke(stack: dict, **changes: object) -> dict:
    return a_gke_stack(pools=stack["pools"], queues=stack["queues"], jobs=[]) | changes


@pytest.mark.parametrize(
    ("sharing", "told"),
    [
        (
            {"mode": "mig"},
            (
                "profile: nothing; needs a profile or a layout because MIG cuts a GPU into what they say. "
                "Add `profile: 1g.5gb`."
            ),
        ),
        (
            {"mode": "mig", "profile": "1g.5gb", "layout": {"1g.5gb": 7}},
            (
                "layout: both `profile` and `layout`; needs one of the two because a profile cuts the whole GPU "
                "into its "
                "instances, a layout says each of them. Keep `layout` where the instances differ, else `profile`."
            ),
        ),
        (
            {"mode": "mig", "profile": "1g.10gb", "replicas": 4},
            (
                "replicas: 4; needs no `replicas` with mode mig because pods take turns with `time-slicing` and `mps` "
                "alone. Remove `replicas`, or write `mode: time-slicing`."
            ),
        ),
        (
            {"mode": "mps", "replicas": 4, "profile": "1g.5gb"},
            (
                "profile: 1g.5gb; needs no `profile` with mode mps because MPS shares whole GPUs and does not "
                "run on MIG "
                "instances. Remove `profile`, or write `mode: mig`."
            ),
        ),
        (
            {"mode": "time-slicing"},
            (
                "replicas: nothing; needs a number of replicas because it says how many pods share a GPU, and "
                "so what each "
                "of them pays. Add `replicas: 4`."
            ),
        ),
        (
            {"mode": "time-slicing", "replicas": 49},
            (
                "replicas: 49; needs at most 48 because a100-40gb serves no more; each would have 0.82 GiB. "
                "Write fewer; "
                "4 is usual for notebooks."
            ),
        ),
        (
            {"mode": "mig", "profile": "1g.7gb"},
            (
                "profile: profile 1g.7gb; needs a profile of a100-40gb: 1g.5gb, 1g.10gb, 2g.10gb, 3g.20gb, 4g.20gb, "
                "7g.40gb because a profile's memory is a part of its GPU's, so each model has its own. Write "
                "profiles of "
                "a100-40gb that fit together."
            ),
        ),
        (
            {"mode": "mig", "layout": {"3g.20gb": 2, "1g.5gb": 1}},
            (
                "layout: 2 x 3g.20gb + 1g.5gb: 7 compute and 9 memory slices; needs at most 7 compute and 8 "
                "memory slices "
                "because each slice belongs to one instance. Write profiles of a100-40gb that fit together."
            ),
        ),
        (
            {"mode": "mig", "layout": {"3g.20gb": 0}},
            (
                'layout: {"3g.20gb": 0}; needs profiles, each with how many of it, at least 1 because a layout says '
                "each instance of a GPU. Write `{1g.5gb: 1}`, or leave out what there is none of."
            ),
        ),
        (
            {"mode": "mig", "profile": "1g.5gb", "manager": "gke"},
            (
                "manager: gke; needs operator because GKE sets up nodes of GKE, and this stack is on local. Leave "
                "`manager` out."
            ),
        ),
    ],
)
def test_sharing_that_cannot_be_is_refused_with_the_reason(sharing, told):
    quota = {"gpus": 4} if "layout" in sharing and "profile" not in sharing else {"units": 4}
    faults = faults_of(a_shared_stack(sharing, quota))
    assert f"mizan:pools[0].sharing.{told}" in faults


@pytest.mark.parametrize("gpu", ["t4", "l4"])
def test_mig_on_a_gpu_without_it_is_refused(gpu):
    machine = {"t4": "g4dn.xlarge", "l4": "g2-standard-8"}[gpu]
    stack = a_shared_stack(MIG, machine=machine, gpu=gpu)
    faults = faults_of(stack | ({"region": "us-east-1"} if gpu == "t4" else {}))
    family = {"t4": "turing", "l4": "ada-lovelace"}[gpu]
    assert any(
        fault.startswith(
            f"mizan:pools[0].sharing.profile: {gpu}; needs a GPU with MIG because {gpu} ({family}) cannot be cut"
        )
        for fault in faults
    )


@pytest.mark.parametrize(
    ("sharing", "quota", "told"),
    [
        (MIG, {"gpus": 4}, "gpus: 4; needs `units` because a quota of this pool counts parts of GPUs (1g.5gb), 7 of"),
        ({}, {"units": 4}, "units: 4; needs `gpus` because a quota of this pool counts whole GPUs, 1 of each GPU."),
        (MIG, {}, "units: nothing; needs `units` because a quota of this pool counts parts of GPUs (1g.5gb). Add"),
        ({}, {}, "gpus: nothing; needs `gpus` because a quota of this pool counts whole GPUs. Add `gpus: 8`."),
        (MIG, {"gpus": 1, "units": 7}, "gpus: both `gpus` and `units`; needs `units` alone because a quota of this"),
    ],
)
def test_a_quota_counts_what_its_pool_offers(sharing, quota, told):
    faults = faults_of(a_shared_stack(sharing, quota))
    assert any(fault.startswith(f"mizan:queues[0].quotas[0].{told}") for fault in faults), faults


def test_gke_s_own_sharing_is_the_default_there_and_scales_from_nothing():
    plan = a_gke_plan(on_gke(a_shared_stack(MIG, {"units": 28})))
    (offer,) = plan.offers
    assert (offer.min_nodes, dict(offer.resources)) == (0, {"nvidia.com/gpu": 28})
    assert "nvidia.com/mig.config" not in offer.labels


def test_the_operator_on_gke_needs_a_first_node_and_a_node_without_gke_s_driver():
    stack = on_gke(a_shared_stack(MIG | {"manager": "operator"}))
    assert faults_of(stack) == [
        (
            "mizan:pools[0].capacity[0].minNodes: 0; needs at least 1 because GKE's autoscaler cannot know what "
            "the operator will "
            "make of a node that does not exist, so the first job would wait for ever. Write `minNodes: 1`, or "
            "`manager: "
            "gke` for the sharing without `gke.driver`."
        ),
        (
            "mizan:pools[0].gke.driver: DEFAULT; needs INSTALLATION_DISABLED because GKE's own driver installer "
            "and device "
            "plugin would meet the operator's on one node. Write `gke: {driver: INSTALLATION_DISABLED}`, or "
            "choose another "
            "`manager`."
        ),
    ]


@pytest.mark.parametrize(
    ("sharing", "told"),
    [
        (
            {"mode": "mig", "layout": {"3g.20gb": 1, "1g.5gb": 1}, "manager": "gke"},
            (
                'mizan:pools[0].sharing.layout: {"3g.20gb": 1, "1g.5gb": 1}; needs one profile because GKE cuts all '
                "GPUs of a node pool into instances of one size. Write `profile`, or `manager: operator` with "
                "`minNodes: 1`."
            ),
        ),
        (
            {"mode": "dra", "manager": "gke"},
            (
                "mizan:pools[0].sharing.manager: gke; needs operator because claims of devices are answered by "
                "NVIDIA's driver, "
                "which GKE does not install. Leave `manager` out."
            ),
        ),
    ],
)
def test_gke_is_not_asked_for_what_its_fields_cannot_say(sharing, told):
    assert told in faults_of(on_gke(a_shared_stack(sharing, {"gpus": 2})))


FLEX = [{"type": "flex-start", "maxNodes": 2}]
OPERATOR = {"manager": "operator"}


@pytest.mark.parametrize(
    ("sharing", "capacity", "fix"),
    [
        ({"mode": "dra"}, ON_DEMAND, "Write `minNodes: 1`."),
        ({"mode": "dra"}, FLEX, "Take another capacity type."),
        (MIG | OPERATOR, FLEX, "Take another capacity type, or `manager: gke` for the sharing without `gke.driver`."),
        ({"mode": "mig", "layout": {"3g.20gb": 1, "1g.5gb": 4}} | OPERATOR, FLEX, "Take another capacity type."),
        ({"mode": "mig", "layout": {"3g.20gb": 1, "1g.5gb": 4}} | OPERATOR, ON_DEMAND, "Write `minNodes: 1`."),
    ],
)
def test_what_a_first_node_is_mended_by_is_not_refused_next(sharing, capacity, fix):
    stack = on_gke(a_shared_stack(sharing, capacity=capacity, gke={"driver": "INSTALLATION_DISABLED"}))
    (told,) = [fault for fault in faults_of(stack) if ".minNodes: 0; needs at least 1" in fault]
    assert told.endswith(f". {fix}")


@pytest.mark.parametrize("sharing", [{"mode": "dra"}, MIG | OPERATOR])
def test_flex_start_with_a_first_node_is_not_mended_by_none(sharing):
    capacity = [FLEX[0] | {"minNodes": 1}]
    stack = on_gke(a_shared_stack(sharing, capacity=capacity, gke={"driver": "INSTALLATION_DISABLED"}))
    (told,) = [fault for fault in faults_of(stack) if ".minNodes: 1; needs 0" in fault]
    assert told.endswith("GKE refuses a minimum of queued ones. Take another capacity type.")


def test_a_driver_is_not_mended_by_a_manager_that_cannot_set_the_sharing_up():
    stack = on_gke(a_shared_stack({"mode": "dra"}, {"gpus": 4}))
    (told,) = [fault for fault in faults_of(stack) if ".gke.driver" in fault]
    assert told.endswith("Write `gke: {driver: INSTALLATION_DISABLED}`.")


@pytest.mark.parametrize("cloud", ["gke", "local"])
@pytest.mark.parametrize("manager", ["operator", "gke"])
@pytest.mark.parametrize("mode", [{"mode": "none"}, {}])
def test_nobody_sets_up_what_is_not_shared(cloud, manager, mode):
    stack = a_shared_stack(mode | {"manager": manager}, {"gpus": 4})
    (told,) = faults_of(on_gke(stack) if cloud == "gke" else stack)
    assert told == (
        f"mizan:pools[0].sharing.manager: {manager}; needs no `manager` with mode none because nobody sets up what is "
        "not shared; whose driver a node of GKE has, `gke.driver` says. Remove `manager`, or write how the GPUs are "
        "shared."
    )


def test_a_profile_with_a_line_break_has_one_fault():
    (told,) = faults_of(a_shared_stack(MIG | {"profile": "1g.5gb\n"}))
    assert told.startswith('mizan:pools[0].sharing.profile: "1g.5gb\\n"; needs text that matches ')


def test_claims_need_a_node_and_are_alone_in_their_cluster():
    stack = a_shared_stack({"mode": "dra"}, {"gpus": 4})
    stack["pools"].append(a_pool(name="other", capacity=ON_DEMAND))
    assert faults_of(stack) == [
        (
            "mizan:pools[0].capacity[0].minNodes: 0; needs at least 1 because devices that pods claim are told "
            "by a node that is "
            "there; Karpenter ignores claims altogether. Write `minNodes: 1`."
        ),
        (
            "mizan:pools[1].sharing.mode: none; needs dra, as another pool of the stack because in a cluster "
            "the operator runs "
            "its device plugin (ClusterPolicy) or its DRA driver (GPUCluster), never both. Write `mode: dra` for all "
            "pools, or for none."
        ),
    ]


def test_one_resource_is_one_thing_in_a_queue():
    pools = [
        a_pool(capacity=ON_DEMAND),
        a_pool(name="cut", capacity=ON_DEMAND, sharing=MIG),
        a_pool(name="slim", capacity=ON_DEMAND, sharing=SLICED),
        a_pool(name="slimmer", capacity=ON_DEMAND, sharing=SLICED | {"replicas": 8}),
    ]
    quotas = [{"pool": "a100", "gpus": 4}, *({"pool": pool["name"], "units": 4} for pool in pools[1:])]
    stack = a_stack(pools=pools, queues=[a_queue(fallback="capacity", quotas=quotas)], jobs=[])
    assert faults_of(stack) == [
        (
            "mizan:queues[0].quotas[3].pool: slimmer; needs a queue of its own because nvidia.com/gpu.shared is "
            "1/8 in pool "
            "slimmer and 1/4 in pool slim; Kueue counts them as one, and a job would get either. Count it in another "
            "queue."
        ),
    ]
    assert any(
        fault.startswith(
            "mizan:queues[0].quotas[1].pool: cut; needs a queue of its own because nvidia.com/gpu is 1g.5gb in"
        )
        for fault in faults_of(on_gke(stack))
    ), "GKE calls every part a GPU"


@pytest.mark.parametrize(
    ("capacity", "told"),
    [
        (
            {"type": "on-demand", "maxNodes": 2, "minNodes": 3},
            (
                "minNodes: 3; needs at most 2 because no autoscaler makes more nodes than `maxNodes`. Lower it, "
                "or raise "
                "`maxNodes`."
            ),
        ),
        (
            {"type": "flex-start", "maxNodes": 2, "minNodes": 1},
            (
                "minNodes: 1; needs 0 because flex-start gives nodes for a run and takes them back after seven days at "
                "most; GKE refuses a minimum of queued ones. Remove it, or keep nodes of another capacity type."
            ),
        ),
    ],
)
def test_nodes_that_are_always_there_can_be(capacity, told):
    stack = on_gke(a_shared_stack({}, {"gpus": 4}, capacity=[capacity]))
    assert f"mizan:pools[0].capacity[0].{told}" in faults_of(stack)


def test_a_shared_pool_s_nodes_tell_the_operator_how_they_are_set_up():
    plan = build_plan("test", a_config(a_shared_stack(MIG)))
    (offer,) = plan.offers
    assert offer.labels["nvidia.com/mig.config"] == "a100-40gb-1g.5gb-7x"
    assert offer.labels["nvidia.com/device-plugin.config"] == "a100"
    assert offer.resources == {"nvidia.com/mig-1g.5gb": 28}
    assert (offer.units_per_node, offer.max_units) == (28, 56)
    (quota,) = plan.queues[0].quotas
    assert quota.nominal == 4


def test_spot_of_which_there_are_always_nodes_is_kept_whatever_it_is_worth():
    capacity = [{"type": "spot", "maxNodes": 2, "minNodes": 1}, *ON_DEMAND]
    stack = a_shared_stack({}, {"gpus": 4}, capacity=capacity)
    plan = build_plan("test", a_config(stack | {"spot": {"minSavingsPercent": 99}}))
    assert {offer.name: offer.min_nodes for offer in plan.offers} == {"spot-a100": 1, "ondemand-a100": 0}
    without = a_shared_stack({}, {"gpus": 4}, capacity=[{"type": "spot", "maxNodes": 2}, *ON_DEMAND])
    plan = build_plan("test", a_config(without | {"spot": {"minSavingsPercent": 99}}))
    assert [offer.name for offer in plan.offers] == ["ondemand-a100"]
