"""Nothing that is written for a stack goes unseen: any document that is gone, any label of nodes; and that quickly."""

import copy
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import pytest

from mizan.agreement import Documents, documents_of, report_of
from mizan.agreement.documents import chart, devices_of, estimate_of, instance_type, name, node_pool, parts_of
from mizan.plan import Plan
from tests.agreement_stacks import KINDS, plan_of, written
from tests.budget_stacks import with_headers
from tests.builders import a_plan, a_pool, a_whole_stack, an_existing_stack
from tests.cloud_stacks import CLOUD_STACKS
from tests.cloud_stacks import plan_of as shipped_plan
from tests.eks_stacks import eks_pool
from tests.gke_stacks import a_flex_start_stack, a_gke_plan
from tests.monitoring_stacks import EXTERNAL, elsewhere
from tests.operator_stacks import on_eks, on_gke
from tests.sharing_stacks import PROFILE

PLANS: dict[str, Callable[[], Plan]] = {
    **{kind: partial(plan_of, kind) for kind in KINDS},
    **{stack: partial(shipped_plan, stack) for stack in (*CLOUD_STACKS, "local")},
    "every key": lambda: a_plan(a_whole_stack()),
    "queued nodes": lambda: a_gke_plan(a_flex_start_stack(gke={"queued": True})),
    "somebody else's cluster": lambda: a_plan(an_existing_stack()),
    "somebody else's Prometheus operator": lambda: elsewhere(EXTERNAL | {"rulesInCluster": True}, {"install": "none"}),
    "budgets beside headers": with_headers,
}

NAMES: dict[str, Callable[[str], str]] = {
    "charts": chart,
    "node_pools": node_pool,
    "instance_types": instance_type,
    "devices": devices_of,
    "prices": estimate_of,
    "parts": parts_of,
}


def with_one_less(documents: Documents) -> Iterator[tuple[str, Documents]]:
    """What each document is called, and all documents but that one."""
    for place, body in enumerate(documents.manifests):
        yield (
            name(body),
            replace(documents, manifests=[*documents.manifests[:place], *documents.manifests[place + 1 :]]),
        )
    for field, called in NAMES.items():
        found = getattr(documents, field)
        for gone in found:
            yield called(gone), replace(documents, **{field: {key: found[key] for key in found if key != gone}})
    if documents.kueue is not None:
        yield "Kueue's configuration", replace(documents, kueue=None)


@pytest.mark.parametrize("stack", PLANS)
def test_any_document_that_is_gone_says_nothing_and_no_more_is_told_of_it(stack):
    plan = PLANS[stack]()
    for gone, others in with_one_less(documents_of(plan)):
        (found,) = report_of(plan, others).disagreements
        assert (found.fact.value, found.first.value) == ("documents", gone)
        assert (found.second.document, found.second.value) == (gone, "nothing")


@pytest.mark.parametrize("kind", ["gke-mixed", "eks-mig", "local-mps"])
def test_a_document_that_nobody_has_planned_is_named(kind):
    documents, plan = written(kind), plan_of(kind)
    for body in documents.manifests:
        another = copy.deepcopy(body)
        another["metadata"]["name"] = "unplanned"
        report = report_of(plan, replace(documents, manifests=[*documents.manifests, another]))
        assert ("documents", name(another), "plan of " + plan.stack) in {
            (each.fact.value, each.first.document, each.second.document) for each in report.disagreements
        }


def labels_of_nodes(documents: Documents) -> Iterator[tuple[str, dict[str, str]]]:
    """All labels that stand in documents which make nodes: those of the nodes, of the bill, and the documents' own."""
    for body in documents.of_kind("NodePool"):
        yield name(body), body["metadata"]["labels"]
        yield name(body), body["spec"]["template"]["metadata"]["labels"]
    for body in documents.of_kind("EC2NodeClass"):
        yield name(body), body["spec"]["tags"]
    for offer, pool in documents.node_pools.items():
        yield node_pool(offer), pool["node_config"]["labels"]
        yield node_pool(offer), pool["node_config"]["resource_labels"]


@pytest.mark.parametrize("kind", KINDS)
def test_any_label_of_nodes_that_is_another_or_gone_or_new_is_found_in_its_document(kind):
    for place, (document, labels) in enumerate(labels_of_nodes(written(kind))):
        for key, value in [*((key, "other") for key in labels), *((key, None) for key in labels), ("new", "label")]:
            documents = copy.deepcopy(written(kind))
            _, changed = list(labels_of_nodes(documents))[place]
            changed[key] = value
            if value is None:
                del changed[key]
            found = report_of(plan_of(kind), documents).disagreements
            assert any(document in (each.first.document, each.second.document) for each in found), (document, key)


@pytest.mark.parametrize(("on_cloud", "pool"), [(on_eks, eks_pool), (on_gke, a_pool)], ids=["eks", "gke"])
def test_two_hundred_pools_are_compared_in_less_than_a_second_of_processor_time(on_cloud, pool):
    cut = PROFILE if on_cloud is on_eks else {"mode": "none"}
    plan = on_cloud(*(pool(name=f"p{number}", **({"sharing": cut} if number % 2 else {})) for number in range(200)))
    documents, spent = documents_of(plan), []
    for _ in range(3):
        start = time.process_time()
        report = report_of(plan, documents)
        spent.append(time.process_time() - start)
        assert report.disagreements == ()
    assert min(spent) < 1
