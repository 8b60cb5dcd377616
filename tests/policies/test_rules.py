"""Every rule with its good and bad manifests.

A rule's folder bears its name. The first line of a bad manifest is the fault that the rule finds in it.
"""

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from mizan import keys
from mizan.manifests import manifests_of
from mizan.rules import RULES
from tests.builders import PROJECT, a_plan, shipped_stack

HERE = Path(__file__).parent
BY_NAME = {rule.name: rule for rule in RULES}


def manifests(pattern: str) -> list[Path]:
    return sorted(HERE.glob(f"*/{pattern}.yaml"))


def name(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


@pytest.mark.parametrize("path", manifests("good-*"), ids=name)
def test_a_good_manifest_passes(path):
    assert BY_NAME[path.parent.name].verdict(YAML(typ="safe").load(path)) == []


@pytest.mark.parametrize("path", manifests("bad-*"), ids=name)
def test_a_bad_manifest_is_told_what_is_wrong_with_it(path):
    expected = path.read_text().splitlines()[0].removeprefix("# ")
    assert BY_NAME[path.parent.name].verdict(YAML(typ="safe").load(path)) == [expected]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_has_good_and_bad_manifests_and_no_folder_is_without_a_rule(rule):
    kinds = {path.name.split("-")[0] for path in (HERE / rule.name).iterdir()}
    assert kinds == {"good", "bad"}
    assert {path.parent.name for path in manifests("*")} == set(BY_NAME)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_is_a_claim_that_says_how_to_mend_what_breaks_it(rule):
    assert re.fullmatch(r"[a-z]+(-[a-z]+)+", rule.name)
    assert rule.description.endswith(".")
    assert rule.fix.endswith(".")
    assert rule.severity in {"low", "medium", "high", "critical"}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
@pytest.mark.parametrize(
    "stack", sorted(path.name.split(".")[1] for path in (PROJECT / "stacks").glob("Pulumi.*.yaml"))
)
def test_the_shipped_stacks_break_no_rule(rule, stack):
    plan = a_plan(shipped_stack(stack), stack)
    assert [fault for body in manifests_of(plan) for fault in rule.verdict(body)] == []


@pytest.mark.parametrize("namespace", [*sorted(keys.SYSTEM_NAMESPACES), "kube-node-lease", "kube-anything"])
def test_a_system_namespace_needs_no_owner(namespace):
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
    assert BY_NAME["namespaces-carry-cost-labels"].verdict(body) == []
