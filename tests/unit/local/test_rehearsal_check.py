"""Inputs are judged by the SDK's own types, and a person is told what was seen and what is needed."""

import pytest

from local.rehearsal.check import decoded, misfits, told
from local.rehearsal.schema import Sdk
from local.rehearsal.values import UNKNOWN

NODE_POOL = "gcp:container/nodePool:NodePool"


@pytest.fixture(scope="module")
def judge():
    """The sentences about a node pool's inputs."""
    sdk = Sdk("gcp")

    def judge(inputs):
        found = misfits(sdk, sdk.resource(NODE_POOL).inputs, inputs)
        return [told(f"{NODE_POOL} gpu-spot", misfit, sdk).partition(" because ")[0] for misfit in found]

    return judge


def a_pool(**changes):
    return {"cluster": "main", "nodeConfig": {"machineType": "a2-highgpu-1g", "spot": True}} | changes


@pytest.mark.parametrize(
    "inputs",
    [
        a_pool(),
        a_pool(cluster=UNKNOWN),
        a_pool(nodeConfig=UNKNOWN),
        a_pool(nodeConfig={"labels": {"team": UNKNOWN}, "oauthScopes": [UNKNOWN]}),
        a_pool(nodeLocations=[]),
    ],
)
def test_what_fits_and_what_is_not_known_yet_passes(judge, inputs):
    assert judge(inputs) == []


@pytest.mark.parametrize(
    ("inputs", "sentence"),
    [
        (a_pool(nodeConfg={}), "nodeConfg: no such property; needs `nodeConfig`, perhaps"),
        (
            a_pool(nodeConfig={"machineTyp": "n1"}),
            "nodeConfig.machineTyp: no such property; needs `machineType`, perhaps",
        ),
        ({"location": "us-central1"}, "cluster: missing; needs a string"),
        (
            a_pool(nodeConfig={"guestAccelerators": [{"type": "nvidia-l4"}]}),
            "nodeConfig.guestAccelerators[0].count: missing; needs an integer",
        ),
        (a_pool(nodeConfig={"spot": "yes"}), 'nodeConfig.spot: "yes"; needs a boolean'),
        (a_pool(nodeCount=True), "nodeCount: true; needs an integer"),
        (a_pool(nodeCount=1.5), "nodeCount: 1.5; needs an integer"),
        (a_pool(nodeLocations="us-central1-a"), 'nodeLocations: "us-central1-a"; needs a list'),
        (a_pool(nodeConfig={"labels": {"a.b/c": 3}}), 'nodeConfig.labels["a.b/c"]: 3; needs a string'),
        (a_pool(nodeConfig=[]), "nodeConfig: []; needs an object"),
    ],
)
def test_what_does_not_fit_is_named_with_what_is_needed(judge, inputs, sentence):
    assert judge(inputs) == [f"{NODE_POOL} gpu-spot {sentence}"]


def test_every_fault_is_told_at_once(judge):
    assert len(judge({"nodeCount": "3", "nodeLocations": [1, 2]})) == 4


def test_a_sentence_ends_with_whose_classes_say_so():
    sdk = Sdk("gcp")
    (misfit,) = misfits(sdk, sdk.resource(NODE_POOL).inputs, {})
    assert told("x", misfit, sdk).endswith("because the classes of pulumi_gcp 10.2.0 say so")


def test_either_of_two_types_will_do():
    sdk = Sdk("aws")
    inputs = sdk.resource("aws:iam/role:Role").inputs
    assert misfits(sdk, inputs, {"assumeRolePolicy": "{}"}) == []
    assert misfits(sdk, inputs, {"assumeRolePolicy": {"Version": "2012-10-17", "Statement": []}}) == []
    (misfit,) = misfits(sdk, inputs, {"assumeRolePolicy": 3})
    assert misfit.needs == "a string or an object"


def test_a_providers_settings_arrive_as_json_texts():
    inputs = Sdk("aws").provider().inputs
    settings = {"region": "us-east-1", "defaultTags": '{"tags":{"team":"ml"}}', "maxRetries": "3", "profile": "7"}
    assert decoded(inputs, settings) == {
        "region": "us-east-1",
        "defaultTags": {"tags": {"team": "ml"}},
        "maxRetries": 3,
        "profile": "7",
    }
