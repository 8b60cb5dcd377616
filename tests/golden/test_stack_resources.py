"""Every resource of the shipped stacks on GKE and EKS with its inputs; rewritten only with --rewrite-golden.

What stands in the cluster itself is named there alone: its manifests are those of `mizan render`, line by line in
render-<stack>.yaml.
"""

import json
from collections.abc import Iterable
from io import StringIO
from typing import Any

import pytest

from mizan.cli.yaml_text import write_yaml
from mizan.manifests import manifests_of
from tests.cloud_stacks import CLOUD_STACKS, plan_of, resources_of
from tests.mocks import Registered


def page(resources: Iterable[Registered]) -> str:
    """The resources as YAML documents in an order of their own: mocks register some at once."""
    text = StringIO()
    write_yaml([entry(item) for item in sorted(resources, key=lambda item: (item.typ, item.name))], text)
    return text.getvalue()


def entry(item: Registered) -> dict[str, Any]:
    named = {"type": item.typ, "name": item.name}
    return named if item.manifest else named | {"inputs": readable(dict(item.inputs))}


def readable(value: Any) -> Any:
    """A value without what is None, which Pulumi does not send; whole numbers as such, JSON in a text opened."""
    if isinstance(value, dict):
        return {key: readable(item) for key, item in sorted(value.items()) if item is not None}
    if isinstance(value, list):
        return [readable(item) for item in value]
    # Texts of alerts are templates of Go.
    if isinstance(value, str) and value.startswith("{") and not value.startswith("{{"):
        return {"as JSON": readable(json.loads(value))}
    return int(value) if isinstance(value, float) and value.is_integer() else value


def said(manifests: Iterable[dict[str, Any]]) -> list[str]:
    return sorted(json.dumps(readable(manifest)) for manifest in manifests)


@pytest.mark.parametrize("stack", CLOUD_STACKS)
def test_a_stack_in_a_cloud_is_made_of_the_resources_it_was_before(stack, matches_golden):
    matches_golden(f"stacks/{stack}.yaml", page(resources_of(stack)))


@pytest.mark.parametrize("stack", CLOUD_STACKS)
def test_a_stack_in_a_cloud_registers_exactly_the_manifests_that_render_prints(stack):
    registered = [item.manifest for item in resources_of(stack) if item.manifest]
    assert said(registered) == said(manifests_of(plan_of(stack)))
