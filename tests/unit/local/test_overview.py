"""Tables of the running cluster, from the API server's own answers."""

from datetime import date
from decimal import Decimal

from rich.console import Console

from local import snapshot
from local.overview import capacity_rows, job_rows
from local.platform import plan_of
from local.screen import COMMANDS, show_platform
from local.snapshot import Snapshot
from mizan.manifests import manifests_of
from mizan.queueing import holdings
from tests.builders import a_plan

PLAN = a_plan()


def a_node(name="n1", capacity_type="spot", gpus="4", **labels):
    return {
        "metadata": {
            "name": name,
            "labels": {
                "mizan.dev/pool": "lab-a100",
                "karpenter.sh/capacity-type": capacity_type,
                "node.kubernetes.io/instance-type": "a2-highgpu-4g",
                "nvidia.com/gpu.product": "NVIDIA-A100-SXM4-40GB",
                **labels,
            },
        },
        "status": {"allocatable": {"nvidia.com/gpu": gpus}},
    }


def a_pod(job="train", node="n1", phase="Running", gpus="4"):
    return {
        "metadata": {"namespace": "lab", "name": f"{job}-x", "labels": {"job-name": job}},
        "spec": {"nodeName": node, "containers": [{"resources": {"requests": {"nvidia.com/gpu": gpus}}}]},
        "status": {"phase": phase},
    }


def a_job(name="train", conditions=()):
    container = {"resources": {"requests": {"nvidia.com/gpu": "4"}}}
    return {
        "metadata": {"namespace": "lab", "name": name},
        "spec": {"template": {"spec": {"containers": [container]}}},
        "status": {"conditions": list(conditions)},
    }


def a_workload(job="train", flavor=None, conditions=()):
    admission = {"podSetAssignments": [{"name": "main", "flavors": {"nvidia.com/gpu": flavor}}]} if flavor else None
    return {
        "metadata": {"namespace": "lab", "name": f"job-{job}", "ownerReferences": [{"name": job}]},
        "status": {"admission": admission, "conditions": list(conditions)},
    }


def a_queue(used=4):
    return {
        "metadata": {"name": "lab-queue"},
        "spec": {
            "resourceGroups": [
                {
                    "flavors": [
                        {"name": "spot-a100", "resources": [{"name": "nvidia.com/gpu", "nominalQuota": "8"}]},
                        {"name": "ondemand-a100", "resources": [{"name": "nvidia.com/gpu", "nominalQuota": "4"}]},
                    ]
                }
            ]
        },
        "status": {
            "flavorsUsage": [{"name": "spot-a100", "resources": [{"name": "nvidia.com/gpu", "total": str(used)}]}]
        },
    }


def a_snapshot(**parts):
    kinds = ("nodes", "pods", "jobs", "cluster_queues", "cohorts", "local_queues", "workloads")
    return Snapshot(**{kind: tuple(parts.get(kind, ())) for kind in kinds})


def test_nodes_are_counted_and_priced_by_capacity_type():
    nodes = [a_node("n1"), a_node("n2"), a_node("n3", "on-demand")]
    spot, on_demand = capacity_rows(a_snapshot(nodes=nodes, pods=[a_pod()]), PLAN)
    assert (spot.capacity_type, spot.nodes, spot.gpus, spot.used) == ("spot", 2, 8, {"nvidia.com/gpu": 4})
    # a2-highgpu-4g in us-central1 on 2026-07-30: 7.71208 spot, 14.69354 on demand.
    assert (spot.usd_per_hour, on_demand.usd_per_hour) == (Decimal("15.42416"), Decimal("14.69354"))


def test_a_finished_pod_holds_no_gpu_and_a_node_of_no_pool_is_not_counted():
    foreign = {"metadata": {"name": "other", "labels": {}}, "status": {"allocatable": {"nvidia.com/gpu": "8"}}}
    rows = capacity_rows(a_snapshot(nodes=[a_node(), foreign], pods=[a_pod(phase="Succeeded")]), PLAN)
    assert [(row.nodes, row.used) for row in rows] == [(1, {})]


def test_a_node_whose_price_is_unknown_is_told_and_never_free():
    (row,) = capacity_rows(a_snapshot(nodes=[a_node(capacity_type="reserved")]), PLAN)
    assert row.usd_per_hour is None


def with_parts(node, **resources):
    """A node with parts of GPUs in place of whole ones; 0 is left of these."""
    return node | {"status": {"allocatable": {"nvidia.com/gpu": "0"} | spelt(resources)}}


def asking(thing, **resources):
    """A pod or a job that asks for parts of GPUs."""
    pod = {"containers": [{"resources": {"requests": spelt(resources)}}]}
    spec = {"template": {"spec": pod}} if "template" in thing["spec"] else thing["spec"] | pod
    return thing | {"spec": spec}


def spelt(resources):
    names = {"small": "nvidia.com/mig-1g.5gb", "large": "nvidia.com/mig-3g.20gb", "turns": "nvidia.com/gpu.shared"}
    return {names[name]: str(amount) for name, amount in resources.items()}


def test_nodes_of_one_machine_are_told_apart_by_how_their_gpus_are_shared():
    nodes = [a_node("n1"), with_parts(a_node("n2"), small=28), with_parts(a_node("n3"), small=28)]
    pods = [a_pod(), asking(a_pod(node="n2"), small=3)]
    rows = capacity_rows(a_snapshot(nodes=nodes, pods=pods), PLAN)
    assert [(row.nodes, row.gpus, row.used, row.offered) for row in rows] == [
        (2, 8, {"nvidia.com/mig-1g.5gb": 3}, {"nvidia.com/mig-1g.5gb": 56}),
        (1, 4, {"nvidia.com/gpu": 4}, {"nvidia.com/gpu": 4}),
    ]


def test_the_screen_tells_the_parts_of_shared_gpus():
    nodes = [with_parts(a_node("n1"), large=4, small=4), with_parts(a_node("n2", "on-demand"), turns=16)]
    pods = [asking(a_pod(), small=2), asking(a_pod("dev", "n2"), turns=1)]
    jobs = [asking(a_job(), small=2), asking(a_job("dev"), turns=1), a_job("whole")]
    console = Console(width=160, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    show_platform(console, a_snapshot(nodes=nodes, pods=pods, jobs=jobs), PLAN)
    console.file.close()
    lines = [" ".join(line.split()) for line in console.export_text().splitlines()]
    product = "a2-highgpu-4g NVIDIA-A100-SXM4-40GB"
    assert f"spot {product} 1 4 2 of 4 1g.5gb, 0 of 4 3g.20gb 7.71" in lines
    assert f"on-demand {product} 1 4 1 of 16 gpu.shared 14.69" in lines
    told = [line.split(" new")[0] for line in lines if line.startswith("lab/")]
    assert told == ["lab/dev 1 x gpu.shared", "lab/train 2 x 1g.5gb", "lab/whole 4"]


def test_quota_is_what_the_queue_may_hold_less_what_it_holds():
    rows = holdings(a_snapshot(cluster_queues=[a_queue(used=4)])).queues
    assert [(row.flavor, row.nominal, row.used, row.free) for row in rows] == [
        ("spot-a100", 8, 4, 4),
        ("ondemand-a100", 4, 0, 4),
    ]


def test_only_gpus_are_shown_of_a_queue_that_also_bounds_cpu_and_memory():
    flavor = {
        "name": "spot-a100",
        "resources": [
            {"name": "cpu", "nominalQuota": "1500m"},
            {"name": "memory", "nominalQuota": "10Gi"},
            {"name": "nvidia.com/gpu", "nominalQuota": "4k"},
            {"name": "nvidia.com/mig-1g.5gb", "nominalQuota": 7},
        ],
    }
    used = [{"name": "cpu", "total": "500m"}, {"name": "nvidia.com/gpu", "total": "1k"}]
    queue = {
        "metadata": {"name": "lab-queue"},
        "spec": {"resourceGroups": [{"flavors": [flavor]}]},
        "status": {"flavorsUsage": [{"name": "spot-a100", "resources": used}]},
    }
    assert [(row.resource, row.nominal, row.free) for row in holdings(a_snapshot(cluster_queues=[queue])).queues] == [
        ("nvidia.com/gpu", 4000, 3000),
        ("nvidia.com/mig-1g.5gb", 7, 7),
    ]


def test_a_jobs_gpus_are_those_of_all_its_pods_and_containers():
    job = a_job()
    limits = {"resources": {"limits": {"nvidia.com/gpu": "1"}}}
    job["spec"]["template"]["spec"]["containers"] += [{"name": "sidecar"}, limits]
    job["spec"]["parallelism"] = 2
    (row,) = job_rows(a_snapshot(jobs=[job]))
    assert row.gpus == {"nvidia.com/gpu": (4 + 1) * 2}


def test_a_job_whose_pod_was_evicted_runs_where_its_next_pod_runs():
    pods = [a_pod(node="n2"), a_pod(node="n1", phase="Failed")]
    (row,) = job_rows(a_snapshot(jobs=[a_job()], workloads=[a_workload(flavor="spot-a100")], pods=pods))
    assert (row.state, row.detail) == ("running", "n2")


def test_a_job_is_told_from_unseen_to_done():
    waits = {"type": "QuotaReserved", "status": "False", "message": "insufficient unused quota"}
    done = {"type": "Complete", "status": "True", "message": "Reached expected number of succeeded pods"}
    cases = [
        ((a_job(), None, None), "new", ""),
        ((a_job(), a_workload(), None), "waiting", ""),
        ((a_job(), a_workload(conditions=[waits]), None), "waiting", ""),
        ((a_job(), a_workload(flavor="spot-a100"), None), "starting", "spot-a100"),
        ((a_job(), a_workload(flavor="spot-a100"), a_pod(phase="Pending")), "starting", "spot-a100"),
        ((a_job(), a_workload(flavor="spot-a100"), a_pod()), "running", "spot-a100"),
        ((a_job(conditions=[done]), a_workload(flavor="spot-a100"), a_pod(phase="Succeeded")), "done", "spot-a100"),
        ((a_job(conditions=[{**done, "type": "Failed"}]), a_workload(), None), "failed", ""),
    ]
    for (job, workload, pod), state, flavor in cases:
        (row,) = job_rows(a_snapshot(jobs=[job], workloads=[w for w in [workload] if w], pods=[p for p in [pod] if p]))
        assert (row.state, row.flavor) == (state, flavor)


def test_a_waiting_job_says_why():
    waits = {"type": "QuotaReserved", "status": "False", "message": "insufficient unused quota in flavor spot-a100"}
    (row,) = job_rows(a_snapshot(jobs=[a_job()], workloads=[a_workload(conditions=[waits])]))
    assert row.detail == "insufficient unused quota in flavor spot-a100"


def test_the_screen_shows_nodes_queues_jobs_prices_and_three_commands():
    console = Console(width=160, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    snapshot = a_snapshot(
        nodes=[a_node()],
        pods=[a_pod()],
        jobs=[a_job()],
        cluster_queues=[a_queue()],
        workloads=[a_workload(flavor="spot-a100")],
    )
    show_platform(console, snapshot, PLAN)
    console.file.close()
    text = console.export_text()
    as_of = date(2026, 7, 30).isoformat()
    for told in ("7.71 USD per hour", as_of, "These nodes are simulated", "lab/train", "n1", "ondemand-a100"):
        assert told in text
    assert len(COMMANDS) == 3
    assert all(command in text for command, _ in COMMANDS)


def test_an_empty_cluster_is_said_to_cost_nothing():
    console = Console(width=160, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    show_platform(console, a_snapshot(), PLAN)
    console.file.close()
    assert "No GPU node: nothing runs, so nothing is paid for." in console.export_text()


def test_kueues_reason_is_cut_down_to_what_is_missing_where():
    kueue = (
        "couldn't assign flavors to pod set main: insufficient unused quota for nvidia.com/gpu in flavor ondemand-a100"
        ", 4 more needed, insufficient unused quota for nvidia.com/gpu in flavor spot-a100, 2 more needed"
    )
    waits = {"type": "QuotaReserved", "status": "False", "message": kueue}
    (row,) = job_rows(a_snapshot(jobs=[a_job()], workloads=[a_workload(conditions=[waits])]))
    assert row.detail == "needs 4 more in ondemand-a100, 2 more in spot-a100"


def test_a_queue_in_a_cohort_shows_what_it_borrowed():
    lender, borrower = a_queue(used=0), a_queue(used=10)
    lender["metadata"] = {"name": "lender"}
    lender["spec"]["cohortName"] = borrower["spec"]["cohortName"] = "lab"
    console = Console(width=80, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    show_platform(console, a_snapshot(cluster_queues=[borrower, lender]), PLAN)
    console.file.close()
    lines = [line.split() for line in console.export_text().splitlines()]
    assert ["queue", "flavor", "resource", "quota", "used", "borrowed", "free"] in lines
    assert ["lab-queue", "spot-a100", "nvidia.com/gpu", "8", "10", "2", "6"] in lines
    assert ["lender", "spot-a100", "nvidia.com/gpu", "8", "0", "0", "6"] in lines


def test_every_kind_of_a_stack_can_be_looked_for():
    found = {body["kind"]: snapshot._resource(body)._api_info.plural for body in manifests_of(plan_of("local"))}
    # Source: the CRDs of kubernetes-sigs/kueue@v0.19.2 and kubernetes-sigs/karpenter@v1.14.1.
    known = {"NodePool": "nodepools", "KWOKNodeClass": "kwoknodeclasses", "PriorityClass": "priorityclasses"}
    known |= {"WorkloadPriorityClass": "workloadpriorityclasses", "ResourceFlavor": "resourceflavors"}
    assert known.items() <= found.items()
