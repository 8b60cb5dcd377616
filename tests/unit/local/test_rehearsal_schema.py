"""What is read of an SDK's source is what its imported classes say."""

import importlib
import inspect

import pytest
from pulumi import _types

from local.rehearsal.annotations import Type
from local.rehearsal.kinds import KINDS
from local.rehearsal.schema import Sdk
from mizan.errors import PlatformError

TEXT = Type(form="string")


@pytest.fixture(scope="module")
def sdks():
    return {package: Sdk(package) for package in ("gcp", "aws")}


@pytest.mark.parametrize(
    ("kind", "module", "arguments"),
    [
        ("gcp:kms/cryptoKey:CryptoKey", "pulumi_gcp.kms.crypto_key", "CryptoKeyArgs"),
        ("aws:eks/nodeGroup:NodeGroup", "pulumi_aws.eks.node_group", "NodeGroupArgs"),
        ("aws:sqs/queue:Queue", "pulumi_aws.sqs.queue", "QueueArgs"),
        ("aws:s3/bucketVersioning:BucketVersioning", "pulumi_aws.s3.bucket_versioning", "BucketVersioningInitArgs"),
    ],
)
def test_properties_are_those_of_the_imported_classes(sdks, kind, module, arguments):
    signature = sdks[kind[:3]].resource(kind)
    imported = importlib.import_module(module)
    takes = getattr(imported, arguments)
    names = _types.input_type_py_to_pulumi_names(takes)
    parameters = [item for item in inspect.signature(takes.__init__).parameters.values() if item.name != "__self__"]
    assert set(signature.inputs) == {names[item.name] for item in parameters}
    required = {names[item.name] for item in parameters if item.default is inspect.Parameter.empty}
    assert {name for name, item in signature.inputs.items() if item.is_required} == required
    gives = getattr(imported, kind.rpartition(":")[2])
    assert set(signature.outputs) == set(_types.resource_pulumi_to_py_names(gives))


def test_nested_objects_are_those_of_the_imported_classes(sdks):
    pool = sdks["gcp"].resource("gcp:container/nodePool:NodePool").inputs
    assert pool["cluster"].is_required
    assert pool["nodeConfig"].type == Type(form="object", name="container:NodePoolNodeConfigArgs")
    config = sdks["gcp"].members("container:NodePoolNodeConfigArgs")
    accelerator = Type(form="object", name="container:NodePoolNodeConfigGuestAcceleratorArgs")
    assert config["guestAccelerators"].type == Type(form="list", item=accelerator)
    assert config["labels"].type == Type(form="map", item=TEXT)
    assert config["spot"].type == Type(form="boolean")
    assert config["diskSizeGb"].type == Type(form="integer")
    members = sdks["gcp"].members(accelerator.name)
    assert {name for name, item in members.items() if item.is_required} == {"count", "type"}


def test_a_union_of_a_text_and_an_object_is_either(sdks):
    policy = sdks["aws"].resource("aws:iam/role:Role").inputs["assumeRolePolicy"].type
    assert policy == Type(form="either", either=(TEXT, Type(form="object", name="iam:PolicyDocumentArgs")))
    assert {"Statement", "Version"} <= set(sdks["aws"].members("iam:PolicyDocumentArgs"))


def test_a_function_has_arguments_and_results(sdks):
    zones = sdks["gcp"].function("gcp:compute/getZones:getZones")
    assert set(zones.inputs) == {"project", "region", "status"}
    assert not any(item.is_required for item in zones.inputs.values())
    assert zones.outputs["names"].type == Type(form="list", item=TEXT)
    parameter = sdks["aws"].function("aws:ssm/getParameter:getParameter")
    assert [name for name, item in parameter.inputs.items() if item.is_required] == ["name"]


def test_what_the_sdk_does_not_have_is_refused_by_name(sdks):
    with pytest.raises(PlatformError, match=r"gcp:container/pool:Pool: pulumi_gcp 10\.2\.0 has no such thing; needs"):
        sdks["gcp"].resource("gcp:container/pool:Pool")
    with pytest.raises(PlatformError, match="cloud azure: no package pulumi_azure; needs the cloud's SDK"):
        Sdk("azure")


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_property_that_a_kind_names_is_one_of_the_sdk(sdks, kind):
    sdk = sdks[kind.type[:3]]
    signature = sdk.resource(kind.type)
    paths = [*kind.replaces, *kind.unique, *kind.settings, *(reference.path for reference in kind.references)]
    assert [path for path in paths if not is_there(sdk, signature.inputs, path)] == []
    given = [*kind.outputs, *kind.defaults, *(guard.property for guard in kind.guards)]
    assert [name for name in given if name not in signature.outputs] == []
    has_name = kind.named is not None and kind.named.property in signature.inputs
    assert has_name or "name" not in signature.inputs


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_kind_refers_to_outputs_that_are_there(sdks, kind):
    sdk = sdks[kind.type[:3]]
    for reference in kind.references:
        for other, path in reference.to:
            assert path == "id" or is_there(sdk, sdk.resource(other).outputs, path), (other, path)


def is_there(sdk, properties, path):
    name, _, rest = path.partition(".")
    if name not in properties:
        return False
    held = properties[name].type
    while held.form in ("list", "map"):
        held = held.item
    return not rest or (held.form == "object" and is_there(sdk, sdk.members(held.name), rest))
