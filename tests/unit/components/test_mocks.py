"""The mocks themselves: a test that could not fail would prove nothing."""

import pulumi
import pulumi_kubernetes as k8s
import pytest

from components.resource import resource
from mizan.manifests.kwok_nodes import node_class


def test_what_fails_inside_an_apply_fails_the_test(deploy):
    def program():
        pulumi.Output.from_input(1).apply(lambda _: pytest.fail("seen"))

    with pytest.raises(pytest.fail.Exception, match="seen"):
        deploy(program)


def test_what_the_program_raises_comes_out(deploy):
    with pytest.raises(pulumi.RunError, match="no cluster"):
        deploy(lambda: (_ for _ in ()).throw(pulumi.RunError("no cluster")))


def test_every_registration_is_seen_even_without_an_output_read(deploy):
    assert [r.name for r in deploy(lambda: k8s.core.v1.ConfigMap("a", metadata={"name": "a"}))] == ["a"]


def test_nothing_is_left_of_an_earlier_program(deploy):
    deploy(lambda: k8s.core.v1.ConfigMap("a"))
    assert deploy(lambda: None) == []


def test_a_call_of_a_provider_fails(deploy):
    def program():
        pulumi.runtime.invoke("kubernetes:helm:template", {})

    with pytest.raises(Exception, match=r"no component calls a provider, but one called kubernetes:helm:template"):
        deploy(program)


def test_two_resources_of_one_urn_fail(deploy):
    def program():
        for _ in range(2):
            resource("pool", node_class(), pulumi.ResourceOptions())

    with pytest.raises(AssertionError, match=r"two resources share urn:.*::pool-kwoknodeclass-simulated"):
        deploy(program)
