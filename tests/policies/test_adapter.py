"""A rule as a CrossGuard policy: what it judges, what it says, and what it does with values a preview cannot know."""

from collections.abc import Mapping
from typing import Any

import pytest
from pulumi_policy import EnforcementLevel, ResourceValidationArgs, ResourceValidationPolicy, Severity
from pulumi_policy.policy import PolicyCustomTimeouts, PolicyResourceOptions
from pulumi_policy.proxy import UNKNOWN_OBJECT_VALUE, UNKNOWN_STRING_VALUE, UnknownValueError, unknown_checking_proxy

from mizan.rules import NAMESPACES_CARRY_COST_LABELS, RULES
from policies.adapter import policy

NAMESPACE = "kubernetes:core/v1:Namespace"
COST_LABELS = {"cost-center": "ml-research", "team": "ml", "project": "llm"}
FIX = "Add the labels cost-center, team, project; a team of the stack file gets them by itself."
FAULT = f"namespace ml: no label {{}}. {FIX}"


def a_namespace(**metadata: object) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ml", "labels": COST_LABELS} | metadata}


def violations(props: Mapping[str, Any], typ: str = NAMESPACE) -> list[str]:
    """What the policy reports of a resource whose properties come as the engine gives them."""
    reported: list[str] = []
    options = PolicyResourceOptions(False, [], None, [], PolicyCustomTimeouts(0, 0, 0), [])
    args = ResourceValidationArgs(typ, unknown_checking_proxy(dict(props)), "urn", "name", options, None)
    policy(NAMESPACES_CARRY_COST_LABELS).validate(args, lambda message, _: reported.append(message))
    return reported


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_policy_is_mandatory_and_carries_its_rule_s_words(rule):
    made = policy(rule)
    assert isinstance(made, ResourceValidationPolicy)
    assert (made.name, made.description, made.remediation_steps) == (rule.name, rule.description, rule.fix)
    assert made.enforcement_level is EnforcementLevel.MANDATORY
    assert made.severity is Severity(rule.severity)


def test_a_good_namespace_passes():
    assert violations(a_namespace()) == []


@pytest.mark.parametrize(
    ("labels", "missing"),
    [
        (None, "cost-center, team, project"),
        ({}, "cost-center, team, project"),
        ({"team": "ml"}, "cost-center, project"),
        (COST_LABELS | {"project": None}, "project"),
    ],
)
def test_a_violation_names_the_namespace_the_missing_labels_and_the_fix(labels, missing):
    assert violations(a_namespace(labels=labels)) == [FAULT.format(missing)]


@pytest.mark.parametrize("metadata", [None, {}])
def test_a_namespace_that_pulumi_will_name_is_judged_too(metadata):
    (message,) = violations({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
    assert message.startswith("namespace (named by Pulumi): no label cost-center, team, project. ")


@pytest.mark.parametrize(
    "typ",
    [
        "aws:ec2/instance:Instance",
        "pulumi:providers:kubernetes",
        "mizan:components:Team",
        "kubernetes:core/v1:NamespacePatch",
    ],
)
def test_what_is_no_whole_kubernetes_object_is_none_of_the_rule_s_business(typ):
    assert violations(a_namespace(labels={}), typ) == []


def test_another_kind_passes():
    assert violations({"apiVersion": "v1", "kind": "ConfigMap", "data": {}}, "kubernetes:core/v1:ConfigMap") == []


def test_what_the_rule_does_not_read_may_be_unknown():
    unread = a_namespace(annotations={"made-by": UNKNOWN_STRING_VALUE}, uid=UNKNOWN_STRING_VALUE)
    assert violations(unread | {"spec": UNKNOWN_OBJECT_VALUE}) == []


@pytest.mark.parametrize(
    ("metadata", "path"),
    [
        ({"labels": COST_LABELS | {"team": UNKNOWN_STRING_VALUE}}, "string value at .metadata.labels.team"),
        ({"labels": UNKNOWN_OBJECT_VALUE}, "Object value at .metadata.labels"),
        ({"name": UNKNOWN_STRING_VALUE}, "string value at .metadata.name"),
    ],
)
def test_what_the_rule_reads_and_a_preview_cannot_know_is_left_to_the_update(metadata, path):
    with pytest.raises(UnknownValueError) as caught:
        violations(a_namespace(**metadata))
    assert caught.value.message == f"{path} can't be known during preview"
