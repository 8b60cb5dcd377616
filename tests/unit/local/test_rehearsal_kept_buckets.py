"""What a simulated cloud says of a bucket that outlived its stack: to one that makes it anew, and to one that reads it.

With the real engine: tests/e2e/test_kept_buckets.py.
"""

import grpc
import pytest
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import provider_pb2
from rehearsal_peer import STACK, served, urn_of

from local.rehearsal.store import leftovers, state_folder
from local.rehearsal.values import from_wire

GCS, S3 = "gcp:storage/bucket:Bucket", "aws:s3/bucket:Bucket"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
ARGUMENTS = {
    GCS: {"name": "kept", "location": "US-CENTRAL1", "forceDestroy": True, "labels": {"team": "a"}},
    S3: {"bucket": "kept", "forceDestroy": True, "tags": {"team": "a"}},
}


@pytest.fixture(params=ARGUMENTS)
def kept(request, tmp_path):
    """The kind of a bucket, and a client of the cloud that holds it; nobody has deleted it."""
    kind = request.param
    with served(kind.partition(":")[0], tmp_path) as client:
        client.configure()
        client.make(kind, "first", ARGUMENTS[kind])
        yield kind, client


def rule(days):
    return {"id": "old", "status": "Enabled", "expiration": {"days": days}}


def test_a_bucket_that_is_there_is_not_made_once_more(kept):
    kind, client = kept
    code = {GCS: "Google Cloud, simulated: Error 409 alreadyExists", S3: "AWS, simulated: BucketAlreadyOwnedByYou"}
    with pytest.raises(grpc.RpcError) as refused:
        client.make(kind, "second", ARGUMENTS[kind])
    assert refused.value.details() == f"{code[kind]}: {kind} second: kept is there already"


def test_who_takes_a_bucket_over_reads_what_the_cloud_tells_and_no_more(kept):
    kind, client = kept
    answer = client.read(kind, "second", "kept")
    told = {GCS: {"name": "kept", "location": "US-CENTRAL1"}, S3: {"bucket": "kept", "tags": {"team": "a"}}}
    inputs = {name: value for name, value in from_wire(answer.inputs).items() if name != "__defaults"}
    assert inputs == told[kind] | {"forceDestroy": False}
    assert answer.id == "kept"
    outputs = from_wire(answer.properties)
    assert outputs["forceDestroy"] is False
    assert ("labels" in outputs) is False


def test_who_has_the_bucket_already_reads_what_it_gave(kept):
    kind, client = kept
    state = Struct()
    state.update({"id": "kept"})
    request = provider_pb2.ReadRequest(urn=urn_of(kind, "first"), id="kept", properties=state)
    inputs = from_wire(client.stub.Read(request).inputs)
    assert {name: inputs[name] for name in ARGUMENTS[kind]} == ARGUMENTS[kind]


def test_a_bucket_that_is_not_there_cannot_be_taken_over(kept):
    kind, client = kept
    assert client.read(kind, "second", "another") == provider_pb2.ReadResponse()


def test_a_bucket_s_settings_are_written_over_what_is_there_and_are_there_once(tmp_path):
    with served("aws", tmp_path) as client:
        client.configure()
        client.make(S3, "bucket", ARGUMENTS[S3])
        for name, days in (("first", 30), ("second", 7)):
            identity, _ = client.make(LIFECYCLE, name, {"bucket": "kept", "rules": [rule(days)]})
            assert identity == "kept"
    there = [record for record in leftovers(state_folder(tmp_path, STACK)) if record.type == LIFECYCLE]
    assert [(record.name, record.outputs["rules"]) for record in there] == [("second", [rule(7)])]


def test_a_bucket_under_another_name_of_the_program_is_one_bucket_still(kept, tmp_path):
    kind, client = kept
    client.update(kind, "second", "kept", ARGUMENTS[kind])
    assert [record.name for record in leftovers(state_folder(tmp_path, STACK))] == ["second"]
