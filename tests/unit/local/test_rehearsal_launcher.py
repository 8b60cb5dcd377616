"""The executables that the engine starts, started as it starts them."""

import signal
import subprocess
import sys
from pathlib import Path

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import provider_pb2_grpc

from local.rehearsal.launcher import install

SECONDS = 30


@pytest.fixture
def gcp(tmp_path):
    (launcher,) = install(tmp_path / "pulumi", Path(sys.executable), ["gcp"])
    command = [launcher, "-v=9", "127.0.0.1:1"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=tmp_path) as process:
        yield process
        process.kill()


def test_each_stands_where_pulumi_looks_for_the_real_provider_of_the_sdk(tmp_path):
    first = install(tmp_path, Path(sys.executable))
    assert [str(path.relative_to(tmp_path)) for path in first] == [
        "plugins/resource-gcp-v10.2.0/pulumi-resource-gcp",
        "plugins/resource-aws-v7.51.1/pulumi-resource-aws",
    ]
    assert [path.stat().st_mode & 0o777 for path in first] == [0o700, 0o700]
    assert install(tmp_path, Path(sys.executable)) == first
    assert [path.stat().st_mode & 0o777 for path in first] == [0o700, 0o700]


def test_one_prints_its_port_and_answers_there(gcp):
    with grpc.insecure_channel(f"127.0.0.1:{int(gcp.stdout.readline())}") as channel:
        info = provider_pb2_grpc.ResourceProviderStub(channel).GetPluginInfo(Empty(), timeout=SECONDS)
    assert info.version == "10.2.0+simulated"


def test_one_ends_at_once_when_the_engine_says_so_or_is_gone(gcp):
    gcp.stdout.readline()
    gcp.send_signal(signal.SIGINT)
    assert gcp.wait(SECONDS) == -signal.SIGINT


def test_one_ends_with_the_engine_that_started_it(gcp):
    gcp.stdout.readline()
    gcp.stdin.close()
    assert gcp.wait(SECONDS) == 0
