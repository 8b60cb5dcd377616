"""The other side of the language host: a small engine that remembers, and a host started as the engine starts it."""

# ruff: noqa: N802, ARG002 - the protocol names the methods, and gRPC passes every one of them the same arguments

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import grpc
import psutil
from google.protobuf.empty_pb2 import Empty
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import (
    engine_pb2,
    engine_pb2_grpc,
    language_pb2,
    language_pb2_grpc,
    resource_pb2,
    resource_pb2_grpc,
)

import local.language_host

MAIN = Path(local.language_host.__file__).with_name("__main__.py")
SECONDS = 30


class Engine(engine_pb2_grpc.EngineServicer, resource_pb2_grpc.ResourceMonitorServicer):
    """Accepts every resource; keeps the messages logged and the stack's outputs."""

    def __init__(self):
        self.messages, self.outputs = [], {}
        self._server = grpc.server(ThreadPoolExecutor(max_workers=8))
        engine_pb2_grpc.add_EngineServicer_to_server(self, self._server)
        resource_pb2_grpc.add_ResourceMonitorServicer_to_server(self, self._server)
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    @property
    def errors(self):
        return [message.message for message in self.messages if message.severity == engine_pb2.ERROR]

    def Log(self, request, context):
        self.messages.append(request)
        return Empty()

    def SupportsFeature(self, request, context):
        return resource_pb2.SupportsFeatureResponse(hasSupport=False)

    def RegisterResource(self, request, context):
        return resource_pb2.RegisterResourceResponse(urn=f"urn:{request.type}:{request.name}", object=request.object)

    def RegisterResourceOutputs(self, request, context):
        self.outputs = dict(request.outputs.items())
        return Empty()

    def SignalAndWaitForShutdown(self, request, context):
        return Empty()

    def close(self):
        self._server.stop(None).wait(SECONDS)


@contextmanager
def started_host(engine_address):
    """The process and a client of it; the process is gone afterwards."""
    command = [sys.executable, "-I", str(MAIN), "-v=9", engine_address]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            port = int(process.stdout.readline())
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                yield process, language_pb2_grpc.LanguageRuntimeStub(channel)
        finally:
            process.kill()


def a_program_info(folder, *, entry_point=".", **options):
    """What Pulumi.yaml in `folder` says; the virtualenv is the one of these tests."""
    struct = Struct()
    struct.update({"virtualenv": sys.prefix} | options)
    return language_pb2.ProgramInfo(
        root_directory=str(folder), program_directory=str(folder), entry_point=entry_point, options=struct
    )


def a_run(folder, engine, *, options=None, **changes):
    """A RunRequest for the program in `folder`, whose engine and monitor are `engine`."""
    values = {
        "project": "shop",
        "stack": "dev",
        "pwd": str(folder),
        "parallel": 4,
        "monitor_address": engine.address,
        "organization": "acme",
        "info": a_program_info(folder, **(options or {})),
    }
    return language_pb2.RunRequest(**(values | changes))


def has_ended(process_id):
    """Whether it is gone, or dead and only not yet waited for by whoever must."""
    try:
        return psutil.Process(process_id).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def until(condition):
    """Return as soon as `condition()` holds."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it has not come about"
        time.sleep(0.01)
