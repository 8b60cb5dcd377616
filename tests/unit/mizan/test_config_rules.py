"""Rules between the parts of a stack, each with its whole message."""

import pytest

from tests.builders import (
    NOTHING,
    a_config,
    a_job,
    a_pool,
    a_queue,
    a_stack,
    a_team,
    an_existing_stack,
    faults_of,
    with_value,
)

QUOTA = {"pool": "a100", "capacity": "spot", "gpus": 1}
KEYS = (
    "Known: addons, alerts, budget, budgetEnforcement, checkpoints, cloud, cluster, cohorts, commitments, eks, "
    "expectedUse, forceRemoveTeams, gke, jobs, labels, pools, priceFile, priorities, queues, region, spot, teams."
)
UNKNOWN_KEY = "unknown key; needs a known key because an ignored key would be a setting that silently does nothing."
VOLUME = {"storageClass": "filestore", "sizeGib": 100}
WAITS = "would leave jobs waiting for ever."

ONE_CHANGE = [
    ("polls", [], f"polls: {UNKNOWN_KEY} Did you mean `pools`?"),
    (
        "invoices",
        {},
        f"invoices: {UNKNOWN_KEY} {KEYS}",
    ),
    (
        "today",
        "2020-01-01",
        f"today: {UNKNOWN_KEY} {KEYS}",
    ),
    ("prices", {}, f"prices: {UNKNOWN_KEY} Did you mean `priceFile`?"),
    ("pools[0].gpus", "a100", f"pools[0].gpus: {UNKNOWN_KEY} Did you mean `gpu`?"),
    (
        "pools[0].capacity[0].maxnodes",
        2,
        f"pools[0].capacity[0].maxnodes: {UNKNOWN_KEY} Did you mean `maxNodes`?",
    ),
    (
        "addons.grafana",
        {},
        f"addons.grafana: {UNKNOWN_KEY} Known: dcgmExporter, gpuOperator, karpenter, kueue, opencost, prometheus.",
    ),
    (
        "pools[0].gpu",
        "a100-40",
        (
            "pools[0].gpu: a100-40; needs a GPU of the catalogue because node labels and memory come from "
            "mizan/catalogue/gpus.csv. Did you mean `a100-40gb`?"
        ),
    ),
    (
        "pools[0].gpu",
        "mi300x",
        (
            "pools[0].gpu: mi300x; needs a GPU of the catalogue because node labels and memory come from "
            "mizan/catalogue/gpus.csv. Known: a100-40gb, a100-80gb, a10g, a30, b200-180gb, h100-80gb, h200-141gb, l4, "
            "l40s, rtx-pro-6000, t4, v100-16gb, v100-32gb."
        ),
    ),
    (
        "pools[0].gpu",
        "h100-80gb",
        (
            "pools[0].gpu: h100-80gb; needs a100-40gb because a2-highgpu-4g carries 4 x a100-40gb. "
            "Write `a100-40gb`, or choose another machine."
        ),
    ),
    (
        "pools[0].machine",
        "a2-highgpu-3g",
        (
            "pools[0].machine: a2-highgpu-3g; needs a machine of the catalogue because its GPUs, size and price come "
            "from mizan/catalogue/machines.csv. Did you mean `a2-highgpu-8g`?"
        ),
    ),
    (
        "pools[1]",
        a_pool(),
        (
            "pools[1].name: a100; needs a name used once because mizan:pools[0] already has it, and one would "
            "overwrite the other. Rename one of the two."
        ),
    ),
    (
        "teams[1]",
        a_team(),
        (
            "teams[1].name: team-a; needs a name used once because mizan:teams[0] already has it, and one would "
            "overwrite the other. Rename one of the two."
        ),
    ),
    (
        "jobs[1]",
        a_job(),
        (
            "jobs[1].name: train-1; needs a name used once because mizan:jobs[0] already has it, and one would "
            "overwrite the other. Rename one of the two."
        ),
    ),
    (
        "pools[0].capacity[2]",
        {"type": "on-demand", "maxNodes": 1},
        (
            "pools[0].capacity[2].type: on-demand; needs each type once because each capacity type of a pool is one "
            "offer with one limit. Add the two maxNodes up."
        ),
    ),
    (
        "queues[0].quotas[0].pool",
        "a10",
        (
            f"queues[0].quotas[0].pool: a10; needs a pool of this stack because a pool that does not exist {WAITS} "
            "Did you mean `a100`?"
        ),
    ),
    (
        "queues[0].quotas[0].pool",
        "reserved",
        (
            f"queues[0].quotas[0].pool: reserved; needs a pool of this stack because a pool that does not exist "
            f"{WAITS} Known: a100."
        ),
    ),
    (
        "pools[0].capacity",
        [{"type": "spot", "maxNodes": 2}],
        (
            "queues[0].quotas[1].capacity: on-demand; needs a capacity type of the pool because pool a100 does not "
            "buy it, so its quota could never be used. Add it to the pool, or remove the quota."
        ),
    ),
    (
        "queues[0].quotas[2]",
        QUOTA | {"gpus": 0},
        (
            "queues[0].quotas[2]: a100 spot again; needs each flavor once because Kueue keeps one quota per flavor. "
            "Add the two quotas up."
        ),
    ),
    (
        "queues[0].fallback",
        "capacity",
        (
            "queues[0].quotas[0].capacity: spot; needs no capacity type because with `fallback: "
            "capacity` the autoscaler "
            "chooses it; a flavor's label would pin every job. Remove it and give the sum of both as `gpus`, or write "
            "`fallback: quota`."
        ),
        (
            "queues[0].quotas[1].capacity: on-demand; needs no capacity type because with `fallback: capacity` the "
            "autoscaler chooses it; a flavor's label would pin every job. Remove it and give the sum "
            "of both as `gpus`, "
            "or write `fallback: quota`."
        ),
    ),
    (
        "queues[0].quotas[0].capacity",
        NOTHING,
        (
            "queues[0].quotas[0].capacity: nothing; needs a capacity type because with `fallback: quota` each capacity "
            "type is a flavor with a quota of its own. Write `spot` or `on-demand`, or `fallback: "
            "capacity` for the queue."
        ),
    ),
    (
        "queues[1]",
        a_queue(name="more", fallback="capacity", quotas=[{"pool": "a100", "gpus": 1}]),
        (
            "queues[1].fallback: capacity; needs quota because queue training counts pool a100 by quota; two ways to "
            "count the same GPUs would admit more than there are. Give both queues the same "
            "fallback, or each a pool of "
            "its own."
        ),
    ),
    (
        "pools[1]",
        a_pool(name="spot-a100"),
        (
            "pools[1].name: spot-a100; needs another name than spot-a100 because pool a100 has a flavor of this name, "
            "and one would overwrite the other. Rename one of the two pools."
        ),
    ),
    (
        "queues[0].cohort",
        "reserch",
        (
            f"queues[0].cohort: reserch; needs a cohort of this stack because a cohort that does not "
            f"exist {WAITS} Known: none."
        ),
    ),
    (
        "queues[0].quotas[0].borrow",
        4,
        (
            "queues[0].quotas[0].borrow: 4; needs a queue with a cohort because queue training has none, so there is "
            "nobody to borrow from or to lend to. Add `cohort` to the queue, or remove it."
        ),
    ),
    (
        "queues[0].weight",
        4,
        (
            "queues[0].weight: 4; needs `fairSharing: true` in mizan:addons.kueue because without fair sharing Kueue "
            "does not read it. Add it, or remove the weight."
        ),
    ),
    (
        "priorities",
        [{"name": "batch", "value": 1, "description": "All"}, {"name": "system-x", "value": 2, "description": "Mine"}],
        (
            "priorities[1].name: system-x; needs a name that does not begin with system- because "
            "Kubernetes keeps those "
            "PriorityClasses for itself. Write `x`."
        ),
    ),
    (
        "jobs[0].priority",
        "bath",
        (
            "jobs[0].priority: bath; needs a priority of this stack because Kueue refuses a job whose priority class "
            "does not exist. Did you mean `batch`?"
        ),
    ),
    (
        "priorities",
        [{"name": "urgent", "value": 1, "description": "All"}],
        (
            "jobs[0].priority: batch; needs a priority of this stack because Kueue refuses a job whose priority class "
            "does not exist. Known: urgent."
        ),
    ),
    (
        "jobs[0].checkpoint.dir",
        NOTHING,
        (
            "jobs[0].checkpoint: neither `dir` nor `volume`; needs one of `dir` and `volume` because a job has one "
            "CHECKPOINT_DIR, and on spot it starts over without it after every interruption. Write "
            "`dir: s3://checkpoints/my-job`, or `volume: {storageClass: filestore, sizeGib: 100}`."
        ),
    ),
    (
        "jobs[0].checkpoint",
        {"intervalSeconds": 300, "volume": VOLUME | {"accessMode": "ReadWriteOnce"}},
        (
            "jobs[0].checkpoint.volume.accessMode: ReadWriteOnce; needs ReadWriteMany because a disk that one node "
            "mounts lies in one zone and pins the restarted job to it, where spot may be out of stock. Write "
            "`ReadWriteMany` and a shared file system's storageClass, or use `dir`."
        ),
    ),
    (
        "jobs[0]",
        a_job(restartPolicy="OnFailure", failOnExitCodes=[2]),
        (
            "jobs[0].failOnExitCodes: [2]; needs `restartPolicy: Never` because Kubernetes refuses a podFailurePolicy "
            "with OnFailure. Remove restartPolicy, or the exit codes."
        ),
    ),
    (
        "forceRemoveTeams",
        ["team-a"],
        (
            "forceRemoveTeams[0]: team-a; needs a team that this stack no longer has because the "
            "name would stay behind "
            "and let a later removal end running jobs. Remove it here, or remove the team."
        ),
    ),
    (
        "teams[0].queues[1]",
        "trainin",
        (
            f"teams[0].queues[1]: trainin; needs a queue of this stack because a queue that does not exist {WAITS} "
            "Did you mean `training`?"
        ),
    ),
    (
        "teams[0].queues[1]",
        "training",
        (
            "teams[0].queues[1]: training; needs each queue once because one LocalQueue is made per queue. "
            "Remove one of the two."
        ),
    ),
    *(
        (
            "teams[1]",
            a_team(name=name),
            (
                f"teams[1].name: {name}; needs a name of the team's own because the team's name is its namespace, "
                f"and this one belongs to the cluster. Write `team-{name}`."
            ),
        )
        for name in ("default", "kueue-system", "karpenter", "kube-system", "kube-anything")
    ),
    (
        "jobs[0].team",
        "team-b",
        (
            f"jobs[0].team: team-b; needs a team of this stack because a team that does not exist {WAITS} "
            "Did you mean `team-a`?"
        ),
    ),
    (
        "jobs[0].queue",
        "inference",
        (
            f"jobs[0].queue: inference; needs a queue of this stack because a queue that does not exist {WAITS} "
            "Known: training."
        ),
    ),
    (
        "jobs[0].gpus",
        5,
        (
            "jobs[0].gpus: 5; needs at most 4 because a pod runs on one node, and no machine of its queue has more. "
            "Ask for fewer, or add a larger machine."
        ),
    ),
    (
        "cluster",
        {"kubeconfig": "~/.kube/config", "context": "prod", "name": "prod"},
        (
            "cluster: a cluster; needs no cluster because stack `local` always uses the embedded control plane. "
            "Remove it, or write `mizan:cloud: existing`."
        ),
    ),
    (
        "cloud",
        "existing",
        (
            "cluster: nothing; needs kubeconfig, context and name because the platform must know which cluster it "
            "changes. Add `{kubeconfig: ~/.kube/config, context: prod, name: prod}`."
        ),
    ),
    (
        "addons.kueue.install",
        "helm",
        (
            "addons.kueue.install: helm; needs external because the embedded control plane already runs Kueue. "
            "Write `external`."
        ),
    ),
]


@pytest.mark.parametrize(("path", "value", "messages"), [(path, value, told) for path, value, *told in ONE_CHANGE])
def test_one_wrong_value_is_told_in_full_and_nothing_else(path, value, messages):
    assert faults_of(with_value(a_stack(), path, value)) == [f"mizan:{message}" for message in messages]


def test_a_job_waits_only_in_a_queue_of_its_own_team():
    other = a_queue(name="inference", quotas=[QUOTA | {"gpus": 0}])
    assert faults_of(a_stack(queues=[a_queue(), other], jobs=[a_job(queue="inference")])) == [
        (
            "mizan:jobs[0].queue: inference; needs a queue of the job's team because team team-a has no LocalQueue for "
            "it. Add it to the team's queues."
        )
    ]


def test_a_queue_used_twice_is_named_once():
    assert faults_of(a_stack(queues=[a_queue(), a_queue(quotas=[QUOTA | {"gpus": 0}])])) == [
        (
            "mizan:queues[1].name: training; needs a name used once because mizan:queues[0] already has it, and one "
            "would overwrite the other. Rename one of the two."
        )
    ]


def test_an_existing_cluster_may_install_kueue_or_not():
    a_config(an_existing_stack())
    a_config(an_existing_stack(addons={"kueue": {"install": "external"}}))


def test_two_teams_may_each_have_a_job_of_the_same_name():
    a_config(a_stack(teams=[a_team(), a_team(name="team-b")], jobs=[a_job(), a_job(team="team-b")]))


def test_a_job_may_be_as_large_as_the_largest_machine_of_its_queue():
    pools = [a_pool(), a_pool(name="big", machine="a2-highgpu-8g")]
    queue = a_queue(quotas=[QUOTA, QUOTA | {"pool": "big"}])
    a_config(a_stack(pools=pools, queues=[queue], jobs=[a_job(gpus=8)]))
    assert "needs at most 8" in faults_of(a_stack(pools=pools, queues=[queue], jobs=[a_job(gpus=9)]))[0]
