"""The other side of a simulated cloud: an engine that speaks its protocol, and stacks of resources to make."""

# ruff: noqa: N802, ARG002 - the protocol names the methods, and gRPC passes every one of them the same arguments

import itertools
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import grpc
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import engine_pb2_grpc, provider_pb2, provider_pb2_grpc, status_pb2

from local.rehearsal.clouds import CLOUDS
from local.rehearsal.provider import Provider
from local.rehearsal.values import from_wire, to_wire

SECONDS = 30
STACK = "dev"
SETTINGS = {"gcp": {"project": "my-project", "region": "us-central1"}, "aws": {"region": "us-east-1"}}


class Engine(engine_pb2_grpc.EngineServicer):
    """Keeps what a provider says."""

    def __init__(self):
        self.messages = []
        self._server = grpc.server(ThreadPoolExecutor(max_workers=4))
        engine_pb2_grpc.add_EngineServicer_to_server(self, self._server)
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def Log(self, request, context):
        self.messages.append(request.message)
        return Empty()

    def close(self):
        self._server.stop(None).wait(SECONDS)


def urn_of(kind, name):
    return f"urn:pulumi:{STACK}::shop::mizan:components:Shop${kind}::{name}"


class Client:
    """A provider over gRPC, asked in Python's own values."""

    def __init__(self, package, port):
        self.package = package
        self._channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        self.stub = provider_pb2_grpc.ResourceProviderStub(self._channel)
        self._seeds = itertools.count()

    def close(self):
        self._channel.close()

    def configure(self, **settings):
        urn = f"urn:pulumi:{STACK}::shop::pulumi:providers:{self.package}::default"
        values = to_wire(SETTINGS[self.package] | settings)
        return self.stub.Configure(provider_pb2.ConfigureRequest(args=values, urn=urn), timeout=SECONDS)

    def check_configuration(self, **settings):
        request = provider_pb2.CheckRequest(news=to_wire(settings))
        return [failure.reason for failure in self.stub.CheckConfig(request, timeout=SECONDS).failures]

    def check(self, kind, name, inputs, old=None):
        """The checked inputs and the reasons against them."""
        request = provider_pb2.CheckRequest(
            urn=urn_of(kind, name),
            olds=to_wire(old or {}),
            news=to_wire(inputs),
            randomSeed=str(next(self._seeds)).encode(),
        )
        answer = self.stub.Check(request, timeout=SECONDS)
        return from_wire(answer.inputs), [failure.reason for failure in answer.failures]

    def diff(self, kind, old, new):
        request = provider_pb2.DiffRequest(urn=urn_of(kind, "it"), old_inputs=to_wire(old), news=to_wire(new))
        return self.stub.Diff(request, timeout=SECONDS)

    def preview(self, kind, name, inputs):
        request = provider_pb2.CreateRequest(urn=urn_of(kind, name), properties=to_wire(inputs), preview=True)
        return from_wire(self.stub.Create(request, timeout=SECONDS).properties)

    def create(self, kind, name, inputs):
        """The id and the outputs."""
        request = provider_pb2.CreateRequest(urn=urn_of(kind, name), properties=to_wire(inputs))
        answer = self.stub.Create(request, timeout=SECONDS)
        return answer.id, from_wire(answer.properties)

    def make(self, kind, name, inputs):
        """Check and create, as an update does."""
        checked, reasons = self.check(kind, name, inputs)
        assert reasons == []
        return self.create(kind, name, checked)

    def update(self, kind, name, identity, inputs, *, preview=False, old=None):
        request = provider_pb2.UpdateRequest(
            urn=urn_of(kind, name), id=identity, news=to_wire(inputs), olds=to_wire(old or {}), preview=preview
        )
        return from_wire(self.stub.Update(request, timeout=SECONDS).properties)

    def read(self, kind, name, identity):
        request = provider_pb2.ReadRequest(urn=urn_of(kind, name), id=identity)
        return self.stub.Read(request, timeout=SECONDS)

    def delete(self, kind, name, identity):
        self.stub.Delete(provider_pb2.DeleteRequest(urn=urn_of(kind, name), id=identity), timeout=SECONDS)

    def ask(self, function, arguments):
        """The answer and the reasons against the question."""
        request = provider_pb2.InvokeRequest(tok=function, args=to_wire(arguments))
        answer = self.stub.Invoke(request, timeout=SECONDS)
        return from_wire(getattr(answer, "return")), [failure.reason for failure in answer.failures]

    def invoke(self, function, **arguments):
        answer, reasons = self.ask(function, arguments)
        assert reasons == []
        return answer


@contextmanager
def served(package, home, *, environment=None, engine_address=""):
    """A client of a provider in this process."""
    server = grpc.server(ThreadPoolExecutor(max_workers=8))
    provider = Provider(CLOUDS[package], home, engine_address, environment if environment is not None else {})
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    client = Client(package, port)
    try:
        yield client
    finally:
        client.close()
        server.stop(None).wait(SECONDS)


def half_made(error):
    """What a refused creation says is there nevertheless."""
    (packed,) = (value for key, value in error.trailing_metadata() if key == "grpc-status-details-bin")
    detail = provider_pb2.ErrorResourceInitFailed()
    assert status_pb2.Status.FromString(packed).details[0].Unpack(detail)
    return detail
