"""All or nothing: of quota, and of the nodes that the quota stands for."""

from collections import Counter
from datetime import UTC, datetime

import pytest
from lightkube.codecs import from_dict
from lightkube.resources.core_v1 import Node
from lightkube.resources.discovery_v1 import EndpointSlice

from local.snapshot import fetch
from mizan import keys
from mizan.manifests.kwok_nodes import instance_types, node_class, node_pool
from mizan.queueing.live import live_of
from tests.builders import a_plan, a_queue, a_stack
from tests.control_plane.queue_builders import COHORT, eights, on_demand, spot, spot_queue

pytestmark = pytest.mark.control_plane

# 40 GPUs: one pod set gets one flavor, so beyond the queue's own 24 somebody has to lend 16 of the same.
PODS = 5
OWN = spot_queue("training", 24)
LENDER = spot_queue("lender", 16)


def test_a_gang_waits_until_the_cohort_lends_what_its_own_quota_lacks_then_starts_whole(stack):
    stack.apply([OWN], cohorts=[COHORT])
    stack.submit("gang", "training", pods=PODS)
    assert stack.waits("gang").endswith("+ current podset request (40) > maximum capacity (24)")
    assert stack.live("gang").spec.suspend is True
    assert stack.pods("gang") == []

    stack.apply([OWN, LENDER], cohorts=[COHORT])
    assert stack.admitted("gang") == "spot-a100"
    (pods,) = stack.workload("gang").status["admission"]["podSetAssignments"]
    assert (pods["count"], pods["resourceUsage"][keys.NVIDIA_GPU]) == (PODS, "40")
    stack.eventually(lambda: len(stack.pods("gang")) == PODS)


def test_a_gang_without_enough_nodes_gives_them_back_and_runs_once_there_are_enough(stack_with):
    few, enough = (eights(capacity=[{"type": "spot", "maxNodes": count}]) for count in (3, 5))
    machines = instance_types(a_plan(a_stack(pools=[few], queues=[a_queue(quotas=[spot(8)])], jobs=[])))
    patience = {"timeoutSeconds": 10, "backoffBaseSeconds": 40}
    stack = stack_with(podsReady=patience, instance_types=machines)
    make_nodes(stack, few)

    stack.submit("gang", "training", pods=PODS)
    assert stack.admitted("gang") == "spot-a100"
    stack.eventually(lambda: (count_nodes(stack), ready_pods(stack)) == (3, 3))
    assert told(stack, "PodsReady") == ("False", "WaitForStart")

    stack.eventually(lambda: told(stack, "Evicted") == ("True", "PodsReadyTimeout"))
    stack.eventually(lambda: told(stack, "Requeued") == ("False", "PodsReadyTimeout"))
    assert told(stack, "Admitted") == ("False", "NoReservation")
    assert stack.workload("gang").status["requeueState"]["requeueAt"], "when it will be tried again"
    stack.eventually(lambda: stack.pods("gang") == [], seconds=60)
    stack.eventually(lambda: count_nodes(stack) == 0, seconds=150)

    make_nodes(stack, enough)
    stack.eventually(lambda: told(stack, "PodsReady") == ("True", "Started"), seconds=180)
    assert told(stack, "Requeued") == ("True", "BackoffFinished")
    assert told(stack, "Evicted") == ("False", "QuotaReserved")
    assert (count_nodes(stack), ready_pods(stack)) == (5, PODS)
    stack.eventually(lambda: names_in_dns(stack) == {f"gang-{index}.gang": 1 for index in range(PODS)})
    (trainer,) = stack.pods("gang")[0].spec.containers
    assert {each.value for each in trainer.env if each.name == "MASTER_ADDR"} == {"gang-0.gang"}


def test_a_job_admitted_to_spot_that_gets_no_node_is_queued_anew_and_set_aside_after_the_limit(stack_with, second_home):
    stack = stack_with(podsReady={"timeoutSeconds": 10, "backoffBaseSeconds": 5, "requeueLimit": 1})
    stack.apply([a_queue(quotas=[spot(8), on_demand(8)])])
    stack.submit("gang", "training")
    assert stack.admitted("gang") == "spot-a100"
    stack.eventually(lambda: told(stack, "Evicted") == ("True", "PodsReadyTimeout"))
    assert stack.workload("gang").status["requeueState"]["count"] == 1
    assert shown_evictions(stack, second_home) == [("gang", 1, "PodsReadyTimeout")]
    stack.eventually(lambda: stack.pods("gang") == [])
    assert stack.live("gang").spec.suspend is True

    stack.eventually(lambda: told(stack, "Requeued") == ("True", "BackoffFinished"))
    assert stack.admitted("gang") == "spot-a100", "its quota is free; what is out of stock Kueue cannot know"

    stack.eventually(lambda: not stack.workload("gang").spec.get("active", True))
    stack.eventually(lambda: told(stack, "Evicted") == ("True", "DeactivatedDueToRequeuingLimitExceeded"))
    stack.eventually(lambda: stack.live("gang").spec.suspend is True)
    stack.holds("training", spot_a100=0, ondemand_a100=0)
    ((_, _, reason),) = shown_evictions(stack, second_home)
    assert reason == "DeactivatedDueToRequeuingLimitExceeded"


def shown_evictions(stack, home):
    """What `mizan queues --live` shows of evicted jobs."""
    live = live_of(stack.plan, fetch(home.kubeconfig), datetime.now(UTC))
    return [(each.name, each.times, each.reason) for each in live.evictions]


def make_nodes(stack, pool):
    """Give the stack's pool to Karpenter, with nodes that go as soon as they are empty."""
    stack.apply([OWN, LENDER], pools=[pool], cohorts=[COHORT])
    stack.client.apply(from_dict(node_class()), force=True)
    (offer,) = stack.plan.offers
    body = node_pool(offer)
    body["spec"]["disruption"]["consolidateAfter"] = "1s"
    stack.client.apply(from_dict(body), force=True)


def told(stack, kind):
    """Status and reason of one condition of the gang's Workload."""
    return (stack.condition("gang", kind) or ())[:2]


def count_nodes(stack):
    return len(list(stack.client.list(Node)))


def names_in_dns(stack):
    """How many addresses the cluster's DNS has for each name in the gang's Service.

    Source: github.com/kubernetes/dns docs/specification.md, 2.4.1 (headless Services), read 2026-11-22.
    """
    found = Counter()
    for each in stack.client.list(EndpointSlice, namespace=stack.team, labels={"kubernetes.io/service-name": "gang"}):
        for endpoint in each.endpoints or []:
            found[f"{endpoint.hostname}.gang"] += len(endpoint.addresses)
    return found


def ready_pods(stack):
    held = (pod.status.conditions or [] for pod in stack.pods("gang"))
    return sum(("Ready", "True") in {(each.type, each.status) for each in conditions} for conditions in held)
