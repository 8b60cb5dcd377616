"""Policy packs and other plugins run by the language host, with a client in the engine's place."""

import os
import time

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from language_host_peer import SECONDS, a_program_info, has_ended, started_host, until
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc, language_pb2

from local.language_host.packs import RECONNECT_MILLISECONDS

RECONNECTIONS = 4
NO_ENGINE = "127.0.0.1:1"


@pytest.fixture(scope="module")
def host():
    """A client of one host."""
    with started_host(NO_ENGINE) as (_, client):
        yield client


def a_plugin(folder, *, kind, **values):
    return language_pb2.RunPluginRequest(info=a_program_info(folder), pwd=str(folder), kind=kind, **values)


def test_a_plugin_streams_what_it_writes_and_its_exit_code(host, tmp_path):
    program = "import os, sys\nprint(sys.argv[1:], os.environ['FLAVOR'])\nsys.stderr.write('oh')\nsys.exit(7)\n"
    (tmp_path / "__main__.py").write_text(program)
    request = a_plugin(tmp_path, kind="resource", args=["127.0.0.1:1"], env=["FLAVOR=a=b"])
    answers = list(host.RunPlugin(request, timeout=SECONDS))
    assert b"".join(answer.stdout for answer in answers) == b"['127.0.0.1:1'] a=b\n"
    assert b"".join(answer.stderr for answer in answers) == b"oh"
    assert [answer.WhichOneof("output") for answer in answers].count("exitcode") == 1
    assert answers[-1].exitcode == 7


def test_a_plugin_ends_when_the_engine_hangs_up(host, tmp_path):
    (tmp_path / "__main__.py").write_text("import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(60)\n")
    stream = host.RunPlugin(a_plugin(tmp_path, kind="resource"), timeout=SECONDS)
    plugin = int(next(stream).stdout)
    stream.cancel()
    until(lambda: has_ended(plugin))


PACK = """
import os, pulumi
from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy

print("loading", os.getcwd(), flush=True)

def check(args, report):
    report(f"{pulumi.get_organization()} {pulumi.get_project()} {pulumi.get_stack()} "
           f"{pulumi.runtime.is_dry_run()} {pulumi.Config('shop').require('size')} {args.stack_tags['team']}")

PolicyPack("small", [ResourceValidationPolicy("s", "d", check, enforcement_level=EnforcementLevel.MANDATORY)])
"""


def test_a_pack_knows_its_stack_and_no_verdict_is_lost_when_the_engine_reconnects(host, tmp_path):
    (tmp_path / "__main__.py").write_text(PACK)
    stream = host.RunPlugin(a_plugin(tmp_path, kind="analyzer", args=[NO_ENGINE]), timeout=SECONDS)
    port = int(next(stream).stdout)
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        pack = analyzer_pb2_grpc.AnalyzerStub(channel)
        pack.Handshake(analyzer_pb2.AnalyzerHandshakeRequest(), timeout=SECONDS)
        pack.Cancel(Empty(), timeout=SECONDS)
        stack = analyzer_pb2.AnalyzerStackConfigureRequest(
            organization="acme", project="shop", stack="dev", dry_run=True, config={"shop:size": "3"}
        )
        stack.tags["team"] = "ml"
        pack.ConfigureStack(stack, timeout=SECONDS)
        assert next(stream).stdout == f"loading {tmp_path}\n".encode()
        assert pack.GetAnalyzerInfo(Empty(), timeout=SECONDS).name == "small"
        request = analyzer_pb2.AnalyzeRequest(type="a:b:C", name="one", urn="urn:pulumi:dev::shop::a:b:C::one")
        end, verdicts = time.monotonic() + RECONNECTIONS * RECONNECT_MILLISECONDS / 1000, set()
        while time.monotonic() < end:
            (diagnostic,) = pack.Analyze(request, timeout=SECONDS).diagnostics
            verdicts.add(diagnostic.message.splitlines()[-1])
        assert verdicts == {"acme shop dev True 3 ml"}
    stream.cancel()


def test_a_pack_that_cannot_be_loaded_says_so_once_and_ends_the_call(host, tmp_path):
    (tmp_path / "__main__.py").write_text("raise ValueError('broken pack')\n")
    stream = host.RunPlugin(a_plugin(tmp_path, kind="analyzer", args=[NO_ENGINE]), timeout=SECONDS)
    with grpc.insecure_channel(f"127.0.0.1:{int(next(stream).stdout)}") as channel:
        call = analyzer_pb2_grpc.AnalyzerStub(channel).GetAnalyzerInfo.future(Empty(), timeout=SECONDS)
        answers = list(stream)
        assert b"".join(answer.stderr for answer in answers).count(b"ValueError: broken pack") == 1
        assert answers[-1].exitcode == 1
        assert call.code() == grpc.StatusCode.FAILED_PRECONDITION
        assert call.details() == "the policy pack ended before it served; its output says why"


def test_a_plugin_is_in_a_session_of_its_own_where_the_engines_interrupt_does_not_reach(host, tmp_path):
    (tmp_path / "__main__.py").write_text("import os\nprint(os.getsid(0), os.getpid(), flush=True)\n")
    answers = list(host.RunPlugin(a_plugin(tmp_path, kind="resource"), timeout=SECONDS))
    session, process = b"".join(answer.stdout for answer in answers).split()
    assert session == process
    assert int(session) != os.getsid(0)


def test_a_broken_options_block_is_refused_by_the_name_of_its_file(host, tmp_path):
    request = language_pb2.RunPluginRequest(
        info=a_program_info(tmp_path, toolchain="uv"), pwd=str(tmp_path), kind="analyzer"
    )
    with pytest.raises(grpc.RpcError) as refusal:
        list(host.RunPlugin(request, timeout=SECONDS))
    assert refusal.value.details().startswith(
        f"{tmp_path}/PulumiPolicy.yaml: runtime.options.toolchain: 'uv'; needs pip"
    )
