"""Everything a Plan puts into a cluster: plain, in order, and of one mind."""

import json
import re
from collections.abc import Iterator
from typing import Any

from hypothesis import given

from mizan import keys
from mizan.manifests import manifests_of
from tests.builders import a_plan, an_existing_stack
from tests.strategies import stacks

DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
LABEL_KEY = re.compile(r"([a-z0-9.-]{1,253}/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")


def parts_of(body: Any) -> Iterator[tuple[str, Any]]:
    """Every key of a manifest with its value, at any depth."""
    if isinstance(body, dict):
        for key, value in body.items():
            yield key, value
            yield from parts_of(value)
    if isinstance(body, list):
        for value in body:
            yield from parts_of(value)


def test_only_stack_local_simulates_its_nodes():
    kinds = {body["kind"] for body in manifests_of(a_plan(an_existing_stack()))}
    assert {"ResourceFlavor", "ClusterQueue", "Namespace", "LocalQueue", "Job"} <= kinds
    assert {body["kind"] for body in manifests_of(a_plan())} - kinds == {"KWOKNodeClass", "NodePool"}


@given(stacks())
def test_every_manifest_is_plain_named_and_labelled_as_kubernetes_takes_it(values):
    for body in manifests_of(a_plan(values)):
        assert json.loads(json.dumps(body)) == body
        assert DNS_LABEL.fullmatch(body["metadata"]["name"])
        assert DNS_LABEL.fullmatch(body["metadata"].get("namespace", "none"))
        assert body["metadata"]["labels"][keys.MANAGED_BY] == "mizan"
        for key, value in parts_of(body):
            if key in {"labels", "nodeLabels"}:
                assert all(LABEL_KEY.fullmatch(name) for name in value)
                assert all(LABEL_VALUE.fullmatch(text) for text in value.values())
            # A LimitRange has a list of that name.
            if key in {"annotations", "limits", "requests"} and isinstance(value, dict):
                assert all(isinstance(text, str) for text in value.values())
            if key == "nodeLabels":
                assert len(value) <= 8


def test_a_manifest_is_the_caller_s_own():
    for body in manifests_of(a_plan()):
        for _, value in parts_of(body):
            if isinstance(value, dict):
                value["spoilt"] = True
    assert "spoilt" not in json.dumps(manifests_of(a_plan()))


@given(stacks())
def test_no_manifest_stands_before_what_it_refers_to(values):
    seen: set[tuple[str, str | None, str]] = set()
    for body in manifests_of(a_plan(values)):
        kind, namespace, name = body["kind"], body["metadata"].get("namespace"), body["metadata"]["name"]
        assert (kind, namespace, name) not in seen
        seen.add((kind, namespace, name))
        assert namespace is None or ("Namespace", None, namespace) in seen
        if kind == "NodePool":
            assert ("KWOKNodeClass", None, body["spec"]["template"]["spec"]["nodeClassRef"]["name"]) in seen
        if kind == "ClusterQueue":
            (group,) = body["spec"]["resourceGroups"]
            assert all(("ResourceFlavor", None, flavor["name"]) in seen for flavor in group["flavors"])
        if kind == "Cohort":
            parent = body["spec"].get("parentName")
            assert parent is None or ("Cohort", None, parent) in seen
        if kind == "LocalQueue":
            assert ("ClusterQueue", None, body["spec"]["clusterQueue"]) in seen
        if kind == "Job":
            assert ("LocalQueue", namespace, body["metadata"]["labels"][keys.QUEUE_NAME]) in seen


def labels_of_a_node(pool: dict[str, Any]) -> dict[str, str]:
    """The labels that Karpenter gives a node of a pool: its template's, and requirements of a single value."""
    template = pool["spec"]["template"]
    single = {item["key"]: item["values"][0] for item in template["spec"]["requirements"] if len(item["values"]) == 1}
    return template["metadata"]["labels"] | single


@given(stacks())
def test_nodes_carry_what_their_flavor_selects_and_jobs_pass_their_taints(values):
    bodies = manifests_of(a_plan(values))
    pools = [body for body in bodies if body["kind"] == "NodePool"]
    jobs = [body for body in bodies if body["kind"] == "Job"]
    for flavor in (body["spec"] for body in bodies if body["kind"] == "ResourceFlavor"):
        matching = [pool for pool in pools if flavor["nodeLabels"].items() <= labels_of_a_node(pool).items()]
        assert matching
        for pool in matching:
            taints = pool["spec"]["template"]["spec"]["taints"]
            assert all(taint in taints for taint in flavor["nodeTaints"])
            for job in jobs:
                tolerated = [*flavor["tolerations"], *job["spec"]["template"]["spec"]["tolerations"]]
                assert {taint["key"] for taint in taints} <= {item["key"] for item in tolerated}


@given(stacks())
def test_the_nodes_of_two_flavors_are_never_the_same(values):
    bodies = manifests_of(a_plan(values))
    flavors = [body["spec"]["nodeLabels"].items() for body in bodies if body["kind"] == "ResourceFlavor"]
    for pool in (body for body in bodies if body["kind"] == "NodePool"):
        assert sum(labels <= labels_of_a_node(pool).items() for labels in flavors) == 1
