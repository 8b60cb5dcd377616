"""What a plan says of GPUs that pods share: who shares them, and what their part is good for."""

import pytest

from tests.builders import a_job, a_plan, a_pool, a_queue, a_stack, a_team
from tests.gke_stacks import a_gke_stack
from tests.sharing_stacks import DEVICES, LAYOUT, MPS, PROFILE, TURNS, a_sharing_stack, counted_in, kept

ON_DEMAND = [{"type": "on-demand", "maxNodes": 2}]
TEAMS = [a_team(), a_team(name="team-b")]


def asking(**job):
    """A job that asks for what `job` says of GPUs."""
    return {key: value for key, value in a_job().items() if key != "gpus"} | job


def warnings_of(sharing, *, asked=None, queues=None, teams=None, units=4, **pool):
    """The warnings of a stack of one pool of A100, counted by one queue."""
    made = a_pool(**({"sharing": sharing, "capacity": ON_DEMAND} | pool))
    quotas = [{"pool": "a100", counted_in(sharing): units}]
    jobs = [asking(**asked)] if asked else []
    queues = [
        a_queue(**({"fallback": "capacity", "quotas": quotas} | queue)) for queue in (queues or [{"name": "training"}])
    ]
    return a_plan(a_stack(pools=[made], queues=queues, teams=teams or [a_team()], jobs=jobs)).warnings


def test_teams_that_train_by_taking_turns_are_warned_of_each_other():
    (told,) = warnings_of(TURNS, teams=TEAMS)
    assert told == (
        "pool a100: training of teams team-a, team-b shares its GPUs; time-slicing keeps neither memory nor faults "
        "apart, so that one team's pod can crash or starve another's, and hours of work are lost with it. Share by "
        "MIG, or give each team a pool of its own."
    )
    assert warnings_of(TURNS) == ()
    assert warnings_of(PROFILE, teams=TEAMS) == ()
    assert warnings_of(LAYOUT, teams=TEAMS) == ()


def test_mps_is_warned_of_by_what_it_does_not_keep_apart():
    (told,) = warnings_of(MPS, teams=TEAMS)
    assert "MPS keeps memory apart but no faults: one that ends a team's pod ends all on its GPU" in told


def test_two_queues_of_a_pool_are_as_close_as_one():
    queues = [{"name": "training"}, {"name": "others"}]
    teams = [a_team(), a_team(name="team-b", queues=["others"])]
    assert len(warnings_of(TURNS, queues=queues, teams=teams, units=2)) == 1
    assert warnings_of(TURNS, queues=queues, teams=[a_team(queues=["training", "others"])], units=2) == ()


def test_services_of_several_teams_are_not_training_but_training_beside_a_service_is():
    service = {"name": "training", "workload": {"kind": "service"}}
    assert warnings_of(TURNS, queues=[service], teams=TEAMS) == ()
    beside = [{"name": "training"}, service | {"name": "serving"}]
    teams = [a_team(), a_team(name="team-b", queues=["serving"])]
    assert len(warnings_of(TURNS, queues=beside, teams=teams, units=2)) == 1


def test_a_part_with_too_little_of_its_node_is_told_with_both_figures():
    asked = {"gpu": {"accepts": ["time-slicing"]}}
    (told,) = warnings_of(TURNS | {"replicas": 48}, asked=asked, machine="a2-highgpu-1g")
    assert told == (
        "job train-1 of team-a: with 1 x 1/48 of a GPU come 0.22 CPUs and 1.55 GiB of the node, as its pods share "
        "them alike, and less than 0.25 CPUs or 1 GiB is too little for most programs. Cut the pool's GPUs into fewer "
        "parts, or take a larger machine."
    )
    assert warnings_of(TURNS, asked=asked, machine="a2-highgpu-1g") == ()


def test_gke_s_mps_is_told_to_want_what_namespaces_refuse():
    pool = a_pool(sharing=MPS)
    queue = a_queue(fallback="capacity", quotas=[{"pool": "a100", "units": 8}])
    job = asking(gpu={"accepts": ["mps"]})
    (told,) = [
        text
        for text in a_plan(a_gke_stack(pools=[pool], queues=[queue], jobs=[job])).warnings
        if text.startswith("job ")
    ]
    assert told.startswith("job train-1 of team-a: GKE's MPS is said to serve only pods with `hostIPC: true`, which ")
    assert warnings_of(MPS, asked={"gpu": {"accepts": ["mps"]}}) == ()


@pytest.mark.parametrize(
    ("sharing", "asked", "told"),
    [
        (
            PROFILE,
            {"gpu": {"accepts": ["mig"]}, "pods": 5},
            "job train-1 of team-a: 5 x 1g.5gb, but queue training admits 4 of one flavor at most, ",
        ),
        (
            LAYOUT,
            {"gpu": {"accepts": ["mig"], "profile": "2g.10gb"}, "pods": 5},
            "job train-1 of team-a: 5 x 2g.10gb, but queue training admits 4 of one flavor at most, ",
        ),
        (
            {"mode": "mig", "layout": {"3g.20gb": 1, "1g.5gb": 3}},
            {"gpu": {"accepts": ["mig"], "profile": "1g.5gb"}, "pods": 13},
            "job train-1 of team-a: 13 x 1g.5gb, but queue training admits 12 of one flavor at most, ",
        ),
    ],
)
def test_a_job_of_parts_that_waits_for_ever_is_told_in_parts(sharing, asked, told):
    (text,) = warnings_of(sharing, asked=asked)
    assert text.startswith(told)
    assert warnings_of(sharing, asked=asked | {"pods": asked["pods"] - 1}) == ()


def test_nodes_that_hold_too_few_parts_at_once_are_told():
    """Fourteen of the queue's own, all that there are, and one that another queue lends it."""
    queues = [
        a_queue(name=name, fallback="capacity", cohort="all", quotas=[{"pool": "a100", "units": units}])
        for name, units in (("training", 14), ("lender", 1))
    ]
    pools = [a_pool(machine="a2-highgpu-1g", sharing=PROFILE, capacity=ON_DEMAND)]
    jobs = [asking(gpu={"accepts": ["mig"]}, pods=15)]
    told = a_plan(a_stack(pools=pools, cohorts=[{"name": "all"}], queues=queues, jobs=jobs)).warnings
    assert [text.partition(";")[0] for text in told] == [
        "flavor a100: quotas of 15 x 1g.5gb (queue training 14, queue lender 1), but pool a100 grows to 14 at most",
        (
            "job train-1 of team-a: 15 pods of 1 x 1g.5gb, but the nodes of no flavor in queue training hold more than "
            "14 at once"
        ),
    ]


def test_a_flavor_that_has_nothing_for_a_job_is_not_counted_for_it():
    """Eight whole GPUs beside it are no help to a job of four parts."""
    cut = a_pool(name="cut", sharing=PROFILE, capacity=ON_DEMAND)
    queue = a_queue(fallback="capacity", quotas=[{"pool": "a100", "gpus": 8}, {"pool": "cut", "units": 3}])
    job = asking(pods=4, gpu={"accepts": ["mig"]})
    (told,) = a_plan(a_stack(pools=[a_pool(), cut], queues=[queue], jobs=[job])).warnings
    assert told.startswith("job train-1 of team-a: 4 x 1g.5gb, but queue training admits 3 of one flavor at most")


def of_karpenter(sharing, install="external", **pool):
    """What a stack on EKS with one pool says of Karpenter."""
    stack = a_sharing_stack("eks", sharing, capacity=kept(), **pool)
    stack["addons"] = {"kueue": {"install": "helm"}, "karpenter": {"install": install}}
    return [text for text in a_plan(stack, stack="eks-test").warnings if text.startswith("Karpenter: ")]


@pytest.mark.parametrize(
    ("sharing", "resources"),
    [
        (PROFILE, "nvidia.com/mig-1g.5gb"),
        (LAYOUT, "nvidia.com/mig-3g.20gb, nvidia.com/mig-2g.10gb, nvidia.com/mig-1g.5gb"),
        (TURNS, "nvidia.com/gpu.shared"),
        (MPS, "nvidia.com/gpu.shared"),
    ],
)
def test_somebody_else_s_karpenter_has_to_be_told_of_parts_of_gpus(sharing, resources):
    (told,) = of_karpenter(sharing)
    assert told == (
        "Karpenter: an external one has the feature gate NodeOverlay off unless its owner set it; then it does not "
        f"know {resources} of pool a100, and makes no node for a pod that asks for one. Write `settings: "
        "{featureGates: {nodeOverlay: true}}` in the values of its chart."
    )
    assert of_karpenter(sharing, install="helm") == []


@pytest.mark.parametrize("sharing", [{"mode": "none"}, DEVICES])
def test_karpenter_knows_whole_gpus_by_itself_and_no_gate_helps_with_claims(sharing):
    assert of_karpenter(sharing) == []
