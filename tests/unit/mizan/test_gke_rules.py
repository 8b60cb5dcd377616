"""Rules about a cluster on GKE and its pools: each names what is seen, what is needed, why, and the way out."""

import pytest

from tests.builders import NOTHING, a_pool, a_queue, a_stack, faults_of, with_value
from tests.eks_stacks import an_eks_stack
from tests.gke_stacks import (
    BY_CAPACITY,
    GKE,
    ZONE,
    a_flex_start_stack,
    a_gke_plan,
    a_gke_stack,
    faults_on_gke,
)

CLUSTER = {"kubeconfig": "/k", "context": "c", "name": "n"}
KEY = "projects/p/locations/{}/keyRings/r/cryptoKeys/k"
RESERVED = {"name": "held", "kind": "reservation", "machine": "a2-highgpu-4g", "nodes": 1}
COMPACT = {"compactPlacement": True}
FLEX = [{"type": "flex-start", "maxNodes": 2}]
SPOT_AND_FLEX = [{"type": "spot", "maxNodes": 2}, *FLEX]

ONE_CHANGE = [
    (
        "gke",
        NOTHING,
        (
            "gke: nothing; needs the project in which the cluster is made, and who may reach it because whoever runs "
            "this may have the right to several projects. Add `{project: ml-platform-prod, authorisedNetworks: [{name: "
            "office, cidr: 203.0.113.0/24}]}`."
        ),
    ),
    (
        "cluster",
        CLUSTER,
        (
            "cluster: a cluster; needs no cluster because on GKE the stack makes its own. Remove it, or write "
            "`mizan:cloud: existing`."
        ),
    ),
    (
        "gke.project",
        "P",
        (
            "gke.project: P; needs text that matches ^[a-z][-a-z0-9]{4,28}[a-z0-9]$ because the cluster is made and "
            "paid for there. Write the project's id, such as `ml-platform-prod`."
        ),
    ),
    (
        "gke.project",
        NOTHING,
        (
            "gke.project: nothing; needs a value because the cluster is made and paid for there. Write the project's "
            "id, such as `ml-platform-prod`."
        ),
    ),
    (
        "gke.authorisedNetworks",
        [],
        (
            "gke.authorisedNetworks: []; needs at least 1 entry because a control plane that everybody reaches needs "
            "only one leaked credential. Add `- {name: office, cidr: 203.0.113.0/24}`."
        ),
    ),
    (
        "gke.zone",
        "europe-west4-a",
        (
            "gke.zone: europe-west4-a; needs a zone of us-central1 because a cluster's nodes and its subnetwork lie in "
            "one region. Write a zone such as `us-central1-a`."
        ),
    ),
    (
        "gke.nodeZones",
        [ZONE, "us-central2-b"],
        (
            "gke.nodeZones[1]: us-central2-b; needs a zone of us-central1 because a cluster's nodes and its subnetwork "
            "lie in one region. Write a zone such as `us-central1-a`."
        ),
    ),
    (
        "pools[0].zones",
        ["us-central1a"],
        (
            "pools[0].zones[0]: us-central1a; needs a zone of us-central1 because a cluster's nodes and its subnetwork "
            "lie in one region. Write a zone such as `us-central1-a`."
        ),
    ),
    (
        "gke.secretsKey",
        KEY.format("europe-west4"),
        (
            "gke.secretsKey: projects/p/locations/europe-west4/keyRings/r/cryptoKeys/k; needs a key in us-central1 "
            "because a cluster encrypts its secrets with a key of its own region; GKE takes no global one. Write a key "
            "of `locations/us-central1`, or leave it out."
        ),
    ),
    (
        "gke.maintenance",
        {"days": ["SA"]},
        (
            "gke.maintenance.hours: 6; needs at least 12 because GKE wants 48 hours in 32 days, and a day comes 4 "
            "times in them. Write 12, or add a day to `days`."
        ),
    ),
    (
        "gke.maintenance",
        {"hours": 5},
        (
            "gke.maintenance.hours: 5; needs at least 6 because GKE wants 48 hours in 32 days, and 2 days come 8 times "
            "in them. Write 6, or add a day to `days`."
        ),
    ),
    (
        "gke.maintenance",
        {"days": ["SA", "SA"], "hours": 11},
        (
            "gke.maintenance.hours: 11; needs at least 12 because GKE wants 48 hours in 32 days, and a day comes 4 "
            "times in them. Write 12, or add a day to `days`."
        ),
    ),
    (
        "gke.systemPool",
        {"machine": "e2-standard-4", "minNodes": 5, "maxNodes": 4},
        (
            "gke.systemPool.maxNodes: 4; needs at least the 5 of `minNodes` because the most cannot be less than the "
            "fewest. Write `5`."
        ),
    ),
    (
        "gke.systemPool",
        {"machine": "e2-standard-4", "minNodes": 4},
        (
            "gke.systemPool.maxNodes: 3; needs at least the 4 of `minNodes` because the most cannot be less than the "
            "fewest. Write `4`."
        ),
    ),
    (
        "gke.systemPool",
        {"machine": "e2-standard-4", "maxNodes": 2},
        (
            "gke.systemPool.maxNodes: 2; needs at least 3 because GKE begins with a node in each of 3 zones. Write "
            "`3`, or name fewer zones in `nodeZones`."
        ),
    ),
    (
        "gke.systemPool",
        {"machine": "g2-standard-4"},
        (
            "gke.systemPool.machine: g2-standard-4; needs a machine of Google without GPU because controllers run "
            "there, and GPU nodes keep them off. Write a type such as `e2-standard-4`."
        ),
    ),
    (
        "gke.systemPool",
        {"machine": "m7i.xlarge"},
        (
            "gke.systemPool.machine: m7i.xlarge; needs a machine of Google without GPU because controllers run there, "
            "and GPU nodes keep them off. Write a type such as `e2-standard-4`."
        ),
    ),
    (
        "labels",
        {"Team": "ml"},
        (
            "labels.Team: Team; needs a key of small letters, digits, dashes and underscores, a letter first, at most "
            "63 because Google refuses other label keys. Write a key such as `environment`."
        ),
    ),
    (
        "labels",
        {"team": "ML"},
        (
            "labels.team: ML; needs small letters, digits, dashes and underscores, at most 63 because Google refuses "
            "other label values. Write a value such as `prod`."
        ),
    ),
    (
        "labels",
        {"stack": "mine"},
        "labels.stack: mine; needs another key because the stack sets it itself. Rename `stack`.",
    ),
    (
        "labels",
        {"goog-x": "y"},
        "labels.goog-x: y; needs another key because Google keeps it for itself. Rename `goog-x`.",
    ),
    (
        "pools[0].karpenter",
        {"consolidateAfterSeconds": 10},
        (
            'pools[0].karpenter: {"consolidateAfterSeconds": 10}; needs nothing because Karpenter makes no nodes on '
            "GKE, and an ignored setting would silently do nothing. Remove `karpenter`."
        ),
    ),
    (
        "pools[0].gke",
        {"queued": True},
        (
            "pools[0].gke.queued: true; needs flex-start among the pool's capacity because only flex-start nodes can "
            "be asked for all together. Add `{type: flex-start, maxNodes: 4}` to `capacity`, or remove `queued`."
        ),
    ),
    (
        "pools[0].gke",
        COMPACT,
        (
            "pools[0].gke.compactPlacement: true; needs one zone, not any because close together means within a zone. "
            "Write one zone to the pool's `zones`."
        ),
    ),
]


@pytest.mark.parametrize(("path", "value", "told"), ONE_CHANGE, ids=[told.split(";")[0] for _, _, told in ONE_CHANGE])
def test_one_wrong_value_is_one_fault_that_says_what_to_do(path, value, told):
    assert faults_on_gke(with_value(a_gke_stack(), path, value)) == [f"mizan:{told}"]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("gke", GKE | {"zone": ZONE, "systemPool": {"machine": "e2-standard-4", "maxNodes": 1}}),
        ("gke", GKE | {"nodeZones": [ZONE], "systemPool": {"machine": "e2-standard-4", "maxNodes": 1}}),
        ("gke.maintenance", {"days": ["SA"], "hours": 12}),
        ("gke.maintenance", {"days": ["MO", "WE", "FR"], "hours": 4}),
        ("gke.secretsKey", KEY.format("us-central1")),
        ("labels", {"cost_center-1": "", "environment": "prod_1-a"}),
        ("pools[0].zones", [ZONE, "us-central1-f"]),
        ("checkpoints", {"retentionDays": 30}),
    ],
)
def test_what_gke_takes_is_no_fault(path, value):
    assert a_gke_plan(with_value(a_gke_stack(), path, value)).gke is not None


def test_a_section_for_gke_is_a_mistake_elsewhere():
    told = "; needs cloud gke because cloud {0} has no use for it. Remove it, or write `mizan:cloud: gke`."
    assert faults_of(a_stack(gke=GKE)) == [f"mizan:gke: a GKE cluster{told.format('local')}"]
    assert faults_of(an_eks_stack(gke=GKE)) == [f"mizan:gke: a GKE cluster{told.format('eks')}"]


def test_settings_of_gke_s_nodes_do_nothing_on_eks():
    (fault,) = faults_of(with_value(an_eks_stack(), "pools[0].gke", {"maxSurge": 1}))
    assert fault == (
        'mizan:pools[0].gke: {"maxSurge": 1}; needs nothing because EKS is not GKE, and an ignored setting would '
        "silently do nothing. Remove `gke`."
    )


def test_a_machine_of_another_cloud_is_no_node_of_gke():
    stack = a_gke_stack(region="us-east-1", pools=[a_pool(machine="p4d.24xlarge")])
    assert (
        "mizan:pools[0].machine: p4d.24xlarge; needs a machine of gcp because p4d.24xlarge is a machine of aws, and "
        "nodes of GKE are Google's. Take a machine such as a2-highgpu-4g, or write `mizan:cloud: eks`."
    ) in faults_on_gke(stack)


@pytest.mark.parametrize("cloud", ["local", "existing"])
def test_checkpoints_in_a_bucket_need_a_cloud_that_has_one(cloud):
    own = {"cluster": CLUSTER, "addons": {"kueue": {"install": "helm"}}} if cloud == "existing" else {}
    faults = faults_of(a_stack(cloud=cloud, checkpoints={"retentionDays": 30}, **own))
    told = f"needs cloud gke or eks because on cloud {cloud} the stack makes nothing outside the cluster."
    assert any(told in fault for fault in faults)


def test_queued_nodes_are_not_kept_warm():
    warm = {"nodes": 1, "schedule": "0 8 * * 1-5", "hours": 10}
    (fault,) = faults_on_gke(a_flex_start_stack(gke={"queued": True}, warm=warm))
    assert fault.endswith(
        "; needs no warm nodes because queued nodes come for one job and go with it; GKE takes no minimum above 0 for "
        "them. Remove `warm`, or keep nodes warm in another pool."
    )
    assert fault.startswith("mizan:pools[0].warm: ")


def test_queued_nodes_are_not_one_choice_among_others():
    stack = a_gke_stack(pools=[a_pool(capacity=SPOT_AND_FLEX, gke={"queued": True})], queues=[BY_CAPACITY])
    assert faults_on_gke(stack) == [
        (
            "mizan:pools[0].gke.queued: true; needs flex-start alone, or queues with `fallback: quota` because Kueue "
            "asks for queued nodes before it admits a job, and here the autoscaler would choose among the pool's "
            "capacity types only afterwards. Give flex-start a pool of its own."
        )
    ]


def test_queued_nodes_beside_others_are_counted_apart():
    quotas = [{"pool": "a100", "capacity": "flex-start", "gpus": 8}, {"pool": "a100", "capacity": "spot", "gpus": 8}]
    pool = a_pool(capacity=SPOT_AND_FLEX, gke={"queued": True})
    assert a_gke_plan(a_gke_stack(pools=[pool], queues=[a_queue(quotas=quotas)])).flavors[0].is_queued


def test_queued_nodes_stand_where_there_is_room():
    stack = a_flex_start_stack(
        machine="a3-ultragpu-8g", gpu="h200-141gb", zones=[ZONE], gke={"queued": True, "compactPlacement": True}
    )
    assert faults_on_gke(stack) == [
        (
            "mizan:pools[0].gke.compactPlacement: true; needs no queued nodes because GKE places queued nodes where it "
            "finds them. Remove `queued`."
        )
    ]


@pytest.mark.parametrize(
    ("gke", "zones", "seen"),
    [({}, ["us-central1-a", "us-central1-f"], "2"), ({"nodeZones": ["us-central1-a", "us-central1-f"]}, [], "2")],
)
def test_nodes_close_together_are_in_one_zone(gke, zones, seen):
    (fault,) = faults_on_gke(a_gke_stack(gke, pools=[a_pool(gke=COMPACT, **({"zones": zones} if zones else {}))]))
    assert f"pools[0].gke.compactPlacement: true; needs one zone, not {seen} because" in fault


@pytest.mark.parametrize("gke", [{"zone": ZONE}, {"nodeZones": [ZONE]}])
def test_the_cluster_s_only_zone_is_the_pool_s(gke):
    system = {"systemPool": {"machine": "e2-standard-4", "maxNodes": 1}}
    assert a_gke_plan(a_gke_stack(gke | system, pools=[a_pool(gke=COMPACT)])).pools[0].gke.compact_placement


def test_no_more_nodes_stand_close_together_than_their_family_has_room_for():
    capacity = [{"type": "spot", "maxNodes": 151}, {"type": "on-demand", "maxNodes": 150}]
    (fault,) = faults_on_gke(a_gke_stack(pools=[a_pool(capacity=capacity, zones=[ZONE], gke=COMPACT)]))
    assert fault == (
        "mizan:pools[0].capacity[0].maxNodes: 151; needs at most 150 because no more of them stand close together. "
        "Write `150`, or make a second pool."
    )


@pytest.mark.parametrize(
    ("machine", "gpu", "fits"),
    [
        ("a2-highgpu-4g", "a100-40gb", False),
        ("g4-standard-48", "rtx-pro-6000", False),
        ("a3-ultragpu-8g", "h200-141gb", True),
    ],
)
def test_only_some_flex_start_nodes_stand_close_together(machine, gpu, fits):
    stack = a_flex_start_stack(machine=machine, gpu=gpu, zones=[ZONE], gke=COMPACT)
    if fits:
        assert a_gke_plan(stack).pools[0].gke.compact_placement
        return
    fault = faults_on_gke(stack)[-1]
    assert fault == (
        "mizan:pools[0].gke.compactPlacement: true; needs no flex-start because of flex-start nodes GKE places only "
        "a3-ultragpu- and a4-* close together. Remove `compactPlacement`."
    )


def test_a_surge_is_for_nodes_that_are_upgraded():
    assert faults_on_gke(a_flex_start_stack(gke={"maxSurge": 1})) == [
        (
            "mizan:pools[0].gke.maxSurge: 1; needs 0 because GKE upgrades no flex-start node: it ends within seven "
            "days, and the next one is new. Remove `maxSurge`."
        )
    ]


@pytest.mark.parametrize(
    ("name", "kinds", "longest", "most"),
    [
        ("a" * 36, ["spot"], "spot", 35),
        ("a" * 32, ["spot", "on-demand"], "ondemand", 31),
        ("a" * 31, ["flex-start"], "flexstart", 30),
    ],
)
def test_a_pool_s_name_leaves_room_for_that_of_its_node_pools(name, kinds, longest, most):
    capacity = [{"type": kind, "maxNodes": 1} for kind in kinds]
    queue = a_queue(fallback="capacity", quotas=[{"pool": name, "gpus": 4}])

    def stack(name: str) -> dict:
        queues = [queue | {"quotas": [{"pool": name, "gpus": 4}]}]
        return a_gke_stack(pools=[a_pool(name=name, capacity=capacity)], queues=queues, jobs=[])

    assert faults_on_gke(stack(name)) == [
        (
            f"mizan:pools[0].name: {name}; needs at most {most} characters because node pool {longest}-{name} would "
            f"have 41, and GKE takes 40. Choose a shorter name."
        )
    ]
    assert a_gke_plan(stack("a" * most)).pools


@pytest.mark.parametrize("name", ["default", "autopilot", "autopilot-spot"])
def test_a_pool_does_not_take_the_name_of_a_class_of_gke_s_own(name):
    queue = a_queue(fallback="capacity", quotas=[{"pool": name, "gpus": 4}])
    (fault,) = faults_on_gke(a_gke_stack(pools=[a_pool(name=name)], queues=[queue]))
    assert f"pools[0].name: {name}; needs a name that GKE does not have itself because the pool's ComputeC" in fault


def test_a_reservation_s_zone_must_be_known():
    assert faults_on_gke(a_gke_stack(commitments=[RESERVED])) == [
        (
            "mizan:pools[0].zones: nothing; needs the zone of reservation held because a reservation lies in one zone, "
            "and its nodes would be looked for in others too. Write `[us-central1-a]`, or wherever it is."
        )
    ]


@pytest.mark.parametrize("changes", [{"pool": ["us-central1-c", ZONE]}, {"cluster": ["us-central1-c", ZONE]}])
def test_a_reservation_lies_in_no_more_than_one_zone(changes):
    pool = a_pool(**({"zones": changes["pool"]} if "pool" in changes else {}))
    gke = {"nodeZones": changes["cluster"]} if "cluster" in changes else {}
    assert faults_on_gke(a_gke_stack(gke, pools=[pool], commitments=[RESERVED])) == [
        (
            'mizan:pools[0].zones: ["us-central1-a", "us-central1-c"]; needs the zone of reservation held because a '
            "reservation lies in one zone, and its nodes would be looked for in others too. Write `[us-central1-a]`, "
            "or wherever it is."
        )
    ]


def test_a_zone_named_twice_is_one_for_a_reservation():
    assert a_gke_plan(a_gke_stack(pools=[a_pool(zones=[ZONE, ZONE])], commitments=[RESERVED])).commitments


def test_what_a_reservation_pays_for_is_not_placed_anew():
    pool = a_pool(zones=[ZONE], gke=COMPACT)
    assert faults_on_gke(a_gke_stack(pools=[pool], commitments=[RESERVED])) == [
        (
            "mizan:pools[0].gke.compactPlacement: true; needs no reservation, but held pays for nodes of the pool "
            "because GKE makes a placement policy for the pool, and a reservation has machines for its own alone. "
            "Remove `compactPlacement`."
        )
    ]
    committed = {"name": "year", "kind": "committed-use", "machine": "a2-highgpu-4g", "nodes": 1, "term": "1y"}
    assert a_gke_plan(a_gke_stack(pools=[pool], commitments=[committed])).pools


def test_a_committed_use_lies_in_no_zone():
    committed = {"name": "year", "kind": "committed-use", "machine": "a2-highgpu-4g", "nodes": 1, "term": "1y"}
    assert a_gke_plan(a_gke_stack(commitments=[committed])).commitments


def test_spot_is_not_taken_from_a_reservation():
    capacity = [{"type": "spot", "maxNodes": 2}]
    stack = a_gke_stack(
        pools=[a_pool(capacity=capacity)],
        queues=[a_queue(quotas=[{"pool": "a100", "capacity": "spot", "gpus": 8}])],
        commitments=[RESERVED],
    )
    (fault,) = faults_on_gke(stack)
    assert "commitments[0].machine: a2-highgpu-4g; needs the machine of a pool with on-demand capacity" in fault


def test_two_commitments_do_not_pull_at_one_node_pool():
    capacity = [{"type": "on-demand", "maxNodes": 3}]
    other = {"name": "year", "kind": "committed-use", "machine": "a2-highgpu-4g", "nodes": 1, "term": "1y"}
    queues = [a_queue(quotas=[{"pool": "a100", "capacity": "on-demand", "gpus": 12}])]
    pool = a_pool(capacity=capacity, zones=[ZONE])
    assert faults_on_gke(a_gke_stack(pools=[pool], queues=queues, commitments=[RESERVED, other])) == [
        (
            "mizan:commitments[1].nodes: 1; needs a pool of its own, as held pays for nodes of a100 already because a "
            "node pool takes all its nodes from one reservation, and others would never come. Make a second pool of "
            "a100's machine for year, and lower on-demand of a100 to what held covers."
        )
    ]
    two = [other, other | {"name": "years", "term": "3y"}]
    assert a_gke_plan(a_gke_stack(pools=[pool], queues=queues, commitments=two)).commitments


def test_every_mistake_is_told_at_once():
    stack = a_gke_stack({"zone": "europe-west4-a", "network": {"podsCidr": "10.4.0.1/14"}}, labels={"A": "b"})
    assert [fault.split(":")[1] for fault in faults_on_gke(stack)] == ["gke.zone", "gke.network.podsCidr", "labels.A"]
