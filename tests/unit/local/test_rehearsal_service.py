"""A simulated cloud as the engine meets it: settings, previews, changes, refusals and faults, over its protocol.

With the real engine: tests/e2e/test_rehearsal_providers.py. One resource of every kind: test_rehearsal_stacks.py.
"""

import json
import re

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import plugin_pb2, provider_pb2
from rehearsal_peer import STACK, Engine, half_made, served
from rehearsal_stacks import ACCOUNT, CLUSTER, NETWORK, NODE_POOL, ROLE, SUBNETWORK, VPC

from local.rehearsal import faults
from local.rehearsal.cluster import Cluster
from local.rehearsal.store import Condition, Store, leftovers, state_folder
from local.rehearsal.values import DEFAULTS, UNKNOWN, from_wire


@pytest.fixture
def folder(tmp_path):
    return state_folder(tmp_path, STACK)


@pytest.fixture
def gcp(tmp_path):
    with served("gcp", tmp_path) as client:
        client.configure()
        yield client


@pytest.fixture
def aws(tmp_path):
    with served("aws", tmp_path) as client:
        client.configure()
        yield client


def a_cluster(client, **changes):
    inputs = {"name": "main", "location": "us-central1", "initialNodeCount": 1, "deletionProtection": False}
    return client.make(CLUSTER, "main", inputs | changes)


def a_pool(**changes):
    return {"name": "gpu", "cluster": "main", "location": "us-central1", "nodeConfig": {"spot": True}} | changes


def refusal(call, *arguments):
    with pytest.raises(grpc.RpcError) as error:
        call(*arguments)
    return error.value.details()


def test_everything_it_says_of_itself_says_that_it_is_simulated(tmp_path):
    engine = Engine()
    with served("gcp", tmp_path) as client:
        client.stub.Attach(plugin_pb2.PluginAttach(address=engine.address))
        assert client.stub.GetPluginInfo(Empty()).version == "10.2.0+simulated"
        schema = json.loads(client.stub.GetSchema(provider_pb2.GetSchemaRequest()).schema)
        assert schema["description"] == "Google Cloud, simulated for a rehearsal. It calls no cloud."
        client.configure()
    engine.close()
    assert engine.messages == [
        f"Google Cloud is simulated: no cloud is called. It is kept in {tmp_path}/rehearsal/{STACK}"
    ]


def test_settings_of_the_provider_are_judged_by_the_sdk(tmp_path):
    with served("aws", tmp_path) as client:
        assert client.check_configuration(region="us-east-1", version="7.51.1", defaultTags='{"tags":{"a":"b"}}') == []
        (reason,) = client.check_configuration(region="us-east-1", regon="x")
        assert "provider aws regon: no such property; needs `region`, perhaps" in reason
        (reason,) = client.check_configuration(region="us-east-1", maxRetries='"many"')
        assert 'provider aws maxRetries: "many"; needs an integer' in reason


def test_a_missing_region_is_told_before_anything_is_made_and_the_environment_may_give_it(tmp_path):
    with served("aws", tmp_path) as client:
        (reason,) = client.check_configuration()
        assert reason == (
            "provider aws: no region; needs one. Run `pulumi config set aws:region ...`, "
            "or set AWS_REGION or AWS_DEFAULT_REGION"
        )
    with served("aws", tmp_path, environment={"AWS_REGION": "eu-west-1"}) as client:
        assert client.check_configuration() == []


def test_a_missing_project_is_told_of_the_resource_that_needs_it(tmp_path):
    with served("gcp", tmp_path) as client:
        client.configure(project=None)
        _, (reason,) = client.check(NETWORK, "net", {})
        assert reason == (
            "gcp:compute/network:Network net: no project; needs one. Run `pulumi config set gcp:project ...`, or set "
            "GOOGLE_PROJECT or GOOGLE_CLOUD_PROJECT or GCLOUD_PROJECT or CLOUDSDK_CORE_PROJECT"
        )
        assert client.check(NETWORK, "net", {"project": "mine"})[1] == []


def test_nothing_is_done_before_the_provider_is_configured(tmp_path):
    with served("gcp", tmp_path) as client:
        assert refusal(client.create, NETWORK, "net", {}) == "the provider is not configured yet"


def test_an_unknown_property_is_refused_with_the_resource_and_what_is_needed(gcp):
    inputs = {"cluster": "main", "location": "x", "nodeConfig": {"spott": True}}
    _, (reason,) = gcp.check(NODE_POOL, "gpu-spot", inputs)
    assert reason == (
        "gcp:container/nodePool:NodePool gpu-spot nodeConfig.spott: no such property; needs `spot`, perhaps because "
        "the classes of pulumi_gcp 10.2.0 say so"
    )


def test_a_kind_that_nobody_described_is_refused_rather_than_let_through(gcp):
    _, reasons = gcp.check("gcp:pubsub/topic:Topic", "news", {})
    assert reasons == [
        "Google Cloud, simulated, does not know gcp:pubsub/topic:Topic; local/rehearsal/kinds can teach it"
    ]
    assert "pulumi_gcp 10.2.0 has no such thing" in refusal(gcp.check, "gcp:pubsub/tpic:Tpic", "news", {})


def test_a_preview_makes_nothing_and_leaves_open_what_the_cloud_adds(gcp, folder):
    shown = gcp.preview(CLUSTER, "main", {"location": "us-central1", "privateClusterConfig": {"x": UNKNOWN}})
    assert shown["location"] == "us-central1"
    assert shown["project"] == "my-project"
    assert shown["endpoint"] == UNKNOWN
    assert shown["masterAuth"] == {"clusterCaCertificate": UNKNOWN}
    assert shown["privateClusterConfig"] == {"privateEndpoint": UNKNOWN, "publicEndpoint": UNKNOWN, "x": UNKNOWN}
    assert leftovers(folder) == []


def test_a_cluster_is_the_one_that_the_rehearsal_hands_out(gcp, aws, folder):
    Cluster(endpoint="https://127.0.0.1:6443", certificate="Q0E=").write(folder)
    _, gke = a_cluster(gcp)
    assert gke["endpoint"] == "127.0.0.1:6443"
    assert gke["masterAuth"] == {"clusterCaCertificate": "Q0E="}
    assert gke["controlPlaneEndpointsConfig"] == {"dnsEndpointConfig": {"endpoint": "127.0.0.1:6443"}}
    (role_arn, subnets) = an_eks_surrounding(aws)
    _, eks = aws.make("aws:eks/cluster:Cluster", "main", {"roleArn": role_arn, "vpcConfig": {"subnetIds": subnets}})
    assert eks["endpoint"] == "https://127.0.0.1:6443"
    assert eks["certificateAuthority"] == {"data": "Q0E="}
    assert re.fullmatch("vpc-[0-9a-f]{17}", eks["vpcConfig"]["vpcId"])


def an_eks_surrounding(client, zones=("us-east-1a", "us-east-1b")):
    _, role = client.make(ROLE, "role", {"assumeRolePolicy": "{}"})
    vpc, _ = client.make(VPC, "vpc", {"cidrBlock": "10.0.0.0/16"})
    subnets = []
    for index, zone in enumerate(zones):
        inputs = {"vpcId": vpc, "cidrBlock": f"10.0.{index}.0/24", "availabilityZone": zone}
        subnets.append(client.make("aws:ec2/subnet:Subnet", f"private-{index}", inputs)[0])
    return role["arn"], subnets


def test_a_made_up_name_stays_until_the_resource_is_replaced(gcp):
    first, _ = gcp.check(NETWORK, "net", {})
    assert re.fullmatch("net-[0-9a-f]{7}", first["name"])
    again, _ = gcp.check(NETWORK, "net", {"mtu": 1500}, first)
    assert again["name"] == first["name"]
    fresh, _ = gcp.check(NETWORK, "net", {})
    assert fresh["name"] != first["name"]


def test_a_change_in_place_and_one_that_replaces(gcp):
    old, _ = gcp.check(NODE_POOL, "gpu", {"cluster": "main", "nodeConfig": {"machineType": "a"}, "location": "x"})
    new, _ = gcp.check(NODE_POOL, "gpu", {"cluster": "main", "nodeConfig": {"machineType": "b"}, "location": "x"}, old)
    answer = gcp.diff(NODE_POOL, old, new)
    assert answer.changes == provider_pb2.DiffResponse.DIFF_SOME
    assert list(answer.replaces) == []
    assert list(answer.detailedDiff) == ["nodeConfig.machineType"]
    answer = gcp.diff(NODE_POOL, old, old | {"nodeConfig": {"machineType": "a", "spot": True}})
    assert list(answer.replaces) == ["nodeConfig"]
    assert answer.detailedDiff["nodeConfig.spot"].kind == provider_pb2.PropertyDiff.ADD_REPLACE
    assert not answer.deleteBeforeReplace


def test_a_replacement_with_the_same_name_waits_for_the_old_one_to_go(gcp):
    old = {"name": "mine", "location": "x", "cluster": "main", DEFAULTS: []}
    assert gcp.diff(NODE_POOL, old, old | {"location": "y"}).deleteBeforeReplace
    assert not gcp.diff(NODE_POOL, old, old | {"nodeCount": 3}).deleteBeforeReplace


def test_a_value_that_is_not_known_yet_differs(gcp):
    answer = gcp.diff(NODE_POOL, {"cluster": "main"}, {"cluster": UNKNOWN})
    assert answer.detailedDiff["cluster"].kind == provider_pb2.PropertyDiff.UPDATE_REPLACE


def test_an_update_changes_outputs_and_keeps_the_id(aws):
    identity, made = aws.make(VPC, "vpc", {"cidrBlock": "10.0.0.0/16", "tags": {"team": "a"}})
    shown = aws.update(VPC, "vpc", identity, {"cidrBlock": "10.0.0.0/16"}, preview=True, old=made)
    assert shown["arn"] == made["arn"]
    changed = aws.update(VPC, "vpc", identity, {"cidrBlock": "10.0.0.0/16", "tags": {"team": "b"}})
    assert changed["tagsAll"] == {"team": "b"}
    assert changed["arn"] == made["arn"]
    assert from_wire(aws.read(VPC, "vpc", identity).properties) == changed


def test_the_providers_labels_and_tags_come_on_top_of_a_resources_own(tmp_path):
    with served("aws", tmp_path) as client:
        client.configure(defaultTags='{"tags":{"stack":"dev","team":"none"}}')
        _, made = client.make(VPC, "vpc", {"cidrBlock": "10.0.0.0/16", "tags": {"team": "ml"}})
        assert made["tagsAll"] == {"stack": "dev", "team": "ml"}
    with served("gcp", tmp_path) as client:
        client.configure(defaultLabels='{"stack":"dev"}')
        _, made = a_cluster(client, resourceLabels={"team": "ml"})
        assert made["pulumiLabels"] == {"stack": "dev", "team": "ml"}
        assert made["effectiveLabels"] == {"stack": "dev", "team": "ml", "goog-pulumi-provisioned": "true"}


def test_what_has_gone_is_read_as_nothing_and_updated_not_at_all(gcp):
    identity, _ = gcp.make(NETWORK, "net", {"name": "net"})
    gcp.delete(NETWORK, "net", identity)
    gcp.delete(NETWORK, "net", identity)
    assert gcp.read(NETWORK, "net", identity).id == ""
    assert "there is no projects/my-project/global/networks/net any more; `pulumi refresh` notices" in refusal(
        gcp.update, NETWORK, "net", identity, {}
    )


def test_what_refers_to_nothing_is_refused_as_the_cloud_words_it(gcp, aws):
    text = refusal(gcp.make, SUBNETWORK, "nodes", {"network": "nowhere", "ipCidrRange": "10.0.0.0/20"})
    assert text == (
        "Google Cloud, simulated: Error 404 notFound: gcp:compute/subnetwork:Subnetwork nodes: "
        "network: there is no Network nowhere"
    )
    text = refusal(
        aws.make,
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "a",
        {"role": "ghost", "policyArn": "arn:aws:iam::aws:policy/X"},
    )
    assert text.endswith(
        "ResourceNotFoundException: aws:iam/rolePolicyAttachment:RolePolicyAttachment a: role: there is no Role ghost"
    )


def test_a_name_is_taken_once(gcp):
    gcp.make(NETWORK, "net", {"name": "net"})
    assert "Error 409 alreadyExists" in refusal(gcp.make, NETWORK, "other", {"name": "net"})


def test_what_two_resources_may_not_share_is_refused(aws):
    role, subnets = an_eks_surrounding(aws)
    aws.make("aws:eks/cluster:Cluster", "main", {"name": "main", "roleArn": role, "vpcConfig": {"subnetIds": subnets}})
    kind = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
    inputs = {"clusterName": "main", "namespace": "a", "serviceAccount": "b", "roleArn": role}
    aws.make(kind, "one", inputs)
    assert "has the same clusterName, namespace, serviceAccount already" in refusal(aws.make, kind, "two", inputs)
    aws.make(kind, "three", inputs | {"namespace": "c"})


def test_two_resources_alike_get_ids_of_their_own(aws):
    first, _ = aws.make(VPC, "vpc", {"cidrBlock": "10.0.0.0/16"})
    second, _ = aws.make(VPC, "vpc", {"cidrBlock": "10.0.0.0/16"})
    assert first != second


def test_what_is_needed_is_not_deleted(aws, gcp):
    vpc, _ = aws.make(VPC, "vpc", {"cidrBlock": "10.0.0.0/16"})
    aws.make("aws:ec2/subnet:Subnet", "private", {"vpcId": vpc, "cidrBlock": "10.0.0.0/24"})
    assert refusal(aws.delete, VPC, "vpc", vpc) == (
        "AWS, simulated: DependencyViolation: aws:ec2/vpc:Vpc vpc: aws:ec2/subnet:Subnet private needs it as vpcId"
    )
    net, _ = gcp.make(NETWORK, "net", {"name": "net"})
    gcp.make(SUBNETWORK, "nodes", {"network": "net", "ipCidrRange": "10.0.0.0/20"})
    assert "gcp:compute/subnetwork:Subnetwork nodes needs it as network" in refusal(gcp.delete, NETWORK, "net", net)


def test_a_protected_cluster_is_not_deleted_and_protection_is_the_default(gcp):
    inputs = {"name": "main", "location": "us-central1"}
    identity, _ = gcp.make(CLUSTER, "main", inputs)
    assert "deletionProtection is true; change it, run `pulumi up`, then delete" in refusal(
        gcp.delete, CLUSTER, "main", identity
    )
    gcp.update(CLUSTER, "main", identity, inputs | {"deletionProtection": False, "deletionPolicy": "PREVENT"})
    assert "deletionPolicy is prevent" in refusal(gcp.delete, CLUSTER, "main", identity)
    gcp.update(CLUSTER, "main", identity, inputs | {"deletionProtection": False})
    gcp.delete(CLUSTER, "main", identity)


def test_what_the_cloud_keeps_is_no_leftover_and_its_name_stays_taken(gcp, folder):
    identity, _ = gcp.make("gcp:kms/keyRing:KeyRing", "ring", {"name": "ring", "location": "global"})
    net, _ = gcp.make(NETWORK, "net", {"name": "net", "deletionPolicy": "ABANDON"})
    gcp.delete("gcp:kms/keyRing:KeyRing", "ring", identity)
    gcp.delete(NETWORK, "net", net)
    assert leftovers(folder) == []
    assert {record.condition for record in Store(folder, "gcp").records()} == {Condition.KEPT}
    assert "is there already, which the cloud keeps for ever" in refusal(
        gcp.make, "gcp:kms/keyRing:KeyRing", "ring", {"name": "ring", "location": "global"}
    )


def test_a_refused_creation_leaves_nothing_and_the_next_one_succeeds(gcp, folder):
    a_cluster(gcp)
    faults.write(folder, [f"create:{NODE_POOL}:gpu=RESOURCE_EXHAUSTED"])
    assert refusal(gcp.make, NODE_POOL, "gpu", a_pool()) == (
        "Google Cloud, simulated: RESOURCE_EXHAUSTED, as it was told by --fault. Nothing was made."
    )
    assert [record.name for record in leftovers(folder)] == ["main"]
    faults.write(folder, [])
    identity, _ = gcp.make(NODE_POOL, "gpu", a_pool())
    assert identity == "projects/my-project/locations/us-central1/clusters/main/nodePools/gpu"


def test_a_creation_that_fails_half_way_is_finished_by_the_next_update(gcp, folder):
    a_cluster(gcp)
    faults.write(folder, [f"create:{NODE_POOL}:gpu=GCE_STOCKOUT"])
    with pytest.raises(grpc.RpcError) as error:
        gcp.make(NODE_POOL, "gpu", a_pool())
    detail = half_made(error.value)
    assert detail.id == "projects/my-project/locations/us-central1/clusters/main/nodePools/gpu"
    (reason,) = detail.reasons
    assert reason == (
        "Google Cloud, simulated: GCE_STOCKOUT, as it was told by --fault. "
        "It is there, half made; the next update goes on with it."
    )
    assert from_wire(detail.properties)["nodeConfig"] == {"spot": True}
    assert [record.condition for record in leftovers(folder) if record.type == NODE_POOL] == [Condition.HALF]
    faults.write(folder, [])
    gcp.update(NODE_POOL, "gpu", detail.id, a_pool())
    assert [record.condition for record in leftovers(folder) if record.type == NODE_POOL] == [Condition.WHOLE]


def test_updates_deletions_reads_functions_and_the_configuration_can_fail_too(gcp, folder, tmp_path):
    identity, _ = gcp.make(NETWORK, "net", {"name": "net"})
    faults.write(
        folder,
        [
            *(f"{operation}:{NETWORK}:net=INTERNAL" for operation in ("update", "delete", "read")),
            *("invoke:gcp:compute/getZones:getZones=INTERNAL", "configure:gcp=UNAUTHENTICATED"),
        ],
    )
    assert refusal(gcp.update, NETWORK, "net", identity, {}).endswith("Nothing was changed.")
    assert refusal(gcp.delete, NETWORK, "net", identity).endswith("Nothing was deleted.")
    assert refusal(gcp.read, NETWORK, "net", identity).endswith("Nothing is known of it.")
    assert "INTERNAL" in refusal(gcp.invoke, "gcp:compute/getZones:getZones")
    with served("gcp", tmp_path) as client:
        assert "UNAUTHENTICATED, as it was told by --fault. Nothing was asked." in refusal(client.configure)


def test_a_throttled_request_goes_through_in_the_end_and_says_how_often_it_tried(tmp_path, folder):
    engine = Engine()
    with served("gcp", tmp_path, engine_address=engine.address) as client:
        client.configure()
        faults.write(folder, ["create:*=throttled:2"])
        client.make(NETWORK, "net", {})
    engine.close()
    assert engine.messages[1:] == [
        "Google Cloud, simulated: create is throttled, try 1",
        "Google Cloud, simulated: create is throttled, try 2",
    ]


def test_a_slow_request_ends_when_the_update_is_cancelled(gcp, folder):
    faults.write(folder, ["create:*=slow:600"])
    inputs, _ = gcp.check(NETWORK, "net", {})
    request = provider_pb2.CreateRequest(urn=f"urn:pulumi:{STACK}::shop::{NETWORK}::net")
    waiting = gcp.stub.Create.future(request, timeout=60)
    gcp.stub.Cancel(Empty())
    assert f"create of {NETWORK}:net was cancelled before it began" in waiting.exception(timeout=60).details()
    assert leftovers(folder) == []
    assert inputs["name"].startswith("net-")


def test_a_fault_of_another_form_stops_the_request_that_meets_it(gcp, folder):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / faults.FILE).write_text('["nonsense"]')
    assert "fault 'nonsense': of another form" in refusal(gcp.create, NETWORK, "net", {})


def test_two_providers_of_one_stack_share_the_cloud(gcp, tmp_path):
    a_cluster(gcp)
    with served("gcp", tmp_path) as other:
        other.configure()
        identity, _ = other.make(NODE_POOL, "gpu", a_pool())
    assert gcp.read(NODE_POOL, "gpu", identity).id == identity


def test_a_service_account_may_be_named_in_three_ways(gcp):
    identity, account = gcp.make(ACCOUNT, "node", {"accountId": "node"})
    assert account["email"] == "node@my-project.iam.gserviceaccount.com"
    kind = "gcp:projects/iAMMember:IAMMember"
    member = {"project": "my-project", "role": "roles/logging.logWriter"}
    gcp.make(kind, "a", member | {"member": account["member"]})
    gcp.make(kind, "b", member | {"member": "group:ml@example.com"})
    text = refusal(gcp.make, kind, "c", member | {"member": "serviceAccount:ghost@my-project.iam.gserviceaccount.com"})
    assert "member: there is no Account serviceAccount:ghost@my-project.iam.gserviceaccount.com" in text
    assert identity == account["name"]
