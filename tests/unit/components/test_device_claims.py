"""Claims of devices as components: classes first, then each team's templates in its namespace."""

import pulumi

from components.gpu.dra import DeviceClaims, DeviceClaimsArgs
from components.queues.kueue import Kueue, KueueArgs
from components.resource import resource
from mizan.config import Install, KueueAddon
from mizan.manifests.dra import claim_templates, counted_devices, device_classes
from mizan.manifests.kueue_settings import chart_values
from mizan.manifests.namespaces import team_namespace
from tests.builders import a_plan
from tests.sharing_stacks import DEVICES, PROFILE, a_sharing_stack, kept

PLAN = a_plan(a_sharing_stack("local", DEVICES, capacity=kept()))


def claims_of(plan):
    namespaces = {
        team.namespace: resource("own", team_namespace(team, plan.stack), pulumi.ResourceOptions())
        for team in plan.teams
    }
    return DeviceClaims("x", DeviceClaimsArgs(plan=plan, namespaces=namespaces))


def test_templates_come_after_their_classes_and_their_namespace(deploy):
    resources = deploy(lambda: claims_of(PLAN))
    (claims,) = [item for item in resources if item.typ == "mizan:components:DeviceClaims"]
    by_name = {item.name: item for item in resources if item.parent == claims.urn}
    (device_class,), (template,) = device_classes(PLAN.pools), claim_templates(PLAN, PLAN.teams[0])
    assert {name: item.manifest for name, item in by_name.items()} == {
        "x-deviceclass-a100-40gb-1g.5gb.mizan.dev": device_class,
        "x-resourceclaimtemplate-team-a/a100-40gb-1g.5gb": template,
    }
    before = by_name["x-resourceclaimtemplate-team-a/a100-40gb-1g.5gb"].dependencies
    assert {item.name for item in resources if item.urn in before} == {
        "x-deviceclass-a100-40gb-1g.5gb.mizan.dev",
        "own-namespace-team-a",
    }


def test_without_claims_there_is_nothing_of_them(deploy):
    resources = deploy(lambda: claims_of(a_plan(a_sharing_stack("local", PROFILE))))
    assert [item.name for item in resources if item.typ.startswith("kubernetes:")] == ["own-namespace-team-a"]


def test_kueue_is_told_what_to_count(deploy):
    helm, devices = KueueAddon(install=Install.HELM), counted_devices(PLAN.pools)
    resources = deploy(lambda: Kueue("x", KueueArgs(settings=helm, devices=devices)))
    (release,) = [item for item in resources if item.typ == "kubernetes:helm.sh/v3:Release"]
    assert release.inputs["values"] == chart_values(helm, devices) != chart_values(helm)
