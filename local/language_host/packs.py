"""Policy packs: `python -u -m pulumi.policy`, behind a server that learns the stack's configuration first.

The engine sends a pack's stack, project and configuration over gRPC once the pack serves; a Python pack wants them in
its environment when it starts. So the engine is given the port of a small server of ours, which waits for the
configuration, has the pack started with it and passes everything else on unread.

Passing a message on costs 1.5 ms here, twice per resource. Therefore our server asks the engine to reconnect every
RECONNECT_MILLISECONDS, which gRPC does between two calls without losing one, and the new connection goes through the
door straight to the pack: 300 resources then take 2.7 s with the pack instead of 3.6 s.
"""

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, InvalidStateError, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotInTime
from contextlib import suppress
from functools import partial
from typing import Any

import grpc  # type: ignore[import-untyped]

from local.language_host.children import Chunk
from local.language_host.door import Door
from local.language_host.stubs import analyzer_pb2

MESSAGE_BYTES = 400 * 1024 * 1024
"""The largest message either side takes; source: maxRPCMessageSize in rpcutil of Pulumi 3.259."""
CONFIGURATION_TIMEOUT_SECONDS = 60
START_TIMEOUT_SECONDS = 300
RECONNECT_MILLISECONDS = 300
# For the answers that `close` gives to calls still waiting.
_FAREWELL_SECONDS = 1
ANALYZER = "/pulumirpc.Analyzer/"
CHANNEL_OPTIONS = [("grpc.max_receive_message_length", MESSAGE_BYTES), ("grpc.max_send_message_length", MESSAGE_BYTES)]

Answer = Callable[[bytes, grpc.ServicerContext], bytes]


class PackServer(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Stands between the engine and one policy pack."""

    def __init__(self) -> None:
        """Listen on a free port of 127.0.0.1."""
        self._configuration: analyzer_pb2.AnalyzerStackConfigureRequest | None = None
        self._may_start = threading.Event()
        self._pack: Future[grpc.Channel] = Future()
        self._answers: dict[str, Answer] = {
            f"{ANALYZER}Handshake": lambda _request, _context: b"",
            f"{ANALYZER}ConfigureStack": self._configure_stack,
            f"{ANALYZER}Cancel": self._cancel,
        }
        options = [*CHANNEL_OPTIONS, ("grpc.max_connection_age_ms", RECONNECT_MILLISECONDS)]
        self._server = grpc.server(ThreadPoolExecutor(max_workers=32), handlers=[self], options=options)
        self._door = Door(self._server.add_insecure_port("127.0.0.1:0"))
        self._server.start()
        self.port = self._door.port

    def environment(self) -> dict[str, str]:
        """Return what a pack reads of its stack from the environment, as soon as the engine has told it.

        Empty when the engine asks the pack something before it names a stack, as `pulumi policy publish` does.
        """
        self._may_start.wait(CONFIGURATION_TIMEOUT_SECONDS)
        told = self._configuration
        if told is None:
            return {}
        values = {
            "PULUMI_ORGANIZATION": told.organization,
            "PULUMI_PROJECT": told.project,
            "PULUMI_STACK": told.stack,
            "PULUMI_DRY_RUN": json.dumps(told.dry_run),
            "PULUMI_CONFIG": json.dumps(dict(told.config)),
        }
        return {name: value for name, value in values.items() if value}

    def relay(self, output: Iterator[Chunk | int]) -> Iterator[Chunk | int]:
        """Yield what the pack writes, less the line with its port, which begins the passing on of requests."""
        pending = b""
        for item in output:
            if isinstance(item, int) and pending and not self._pack.done():
                yield "stdout", pending
            if self._pack.done() or isinstance(item, int) or item[0] != "stdout":
                yield item
                continue
            pending += item[1]
            while not self._pack.done() and b"\n" in pending:
                line, _, pending = pending.partition(b"\n")
                if line.strip().isdigit():
                    self._attach(int(line))
                else:
                    yield "stdout", line + b"\n"
            if self._pack.done() and pending:
                yield "stdout", pending

    def close(self) -> None:
        """Refuse whatever still waits for the pack and stop listening."""
        self._may_start.set()
        with suppress(InvalidStateError):
            self._pack.set_exception(RuntimeError("the policy pack ended before it served; its output says why"))
        self._door.close()
        self._server.stop(grace=_FAREWELL_SECONDS)

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        """Return what answers a method: one of ours, or the pack's, whose messages pass as bytes."""
        method = handler_call_details.method
        return grpc.unary_unary_rpc_method_handler(self._answers.get(method) or partial(self._forward, method))

    def _attach(self, port: int) -> None:
        channel = grpc.insecure_channel(f"127.0.0.1:{port}", options=CHANNEL_OPTIONS)
        if self._configuration is not None:
            configure: Any = channel.unary_unary(f"{ANALYZER}ConfigureStack")
            try:
                configure(self._configuration.SerializeToString(), timeout=START_TIMEOUT_SECONDS, wait_for_ready=True)
            except grpc.RpcError as error:
                # Packs of older SDKs know no ConfigureStack and have all they need in their environment.
                if error.code() != grpc.StatusCode.UNIMPLEMENTED:
                    self._pack.set_exception(error)
                    return
        self._door.leads_to = port
        with suppress(InvalidStateError):
            self._pack.set_result(channel)

    def _configure_stack(self, request: bytes, _context: grpc.ServicerContext) -> bytes:
        self._configuration = analyzer_pb2.AnalyzerStackConfigureRequest.FromString(request)
        self._may_start.set()
        return b""

    def _cancel(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        # A pack that does not serve yet has nothing to cancel, and the engine must not wait for it to start.
        return self._forward(f"{ANALYZER}Cancel", request, context) if self._pack.done() else b""

    def _forward(self, method: str, request: bytes, context: grpc.ServicerContext) -> bytes:
        self._may_start.set()
        try:
            channel = self._pack.result(timeout=START_TIMEOUT_SECONDS)
            # Without a deadline, as the engine calls: the pack ends with the update, and this call with the pack.
            answer: bytes = channel.unary_unary(method)(request)
        except grpc.RpcError as error:
            context.abort(error.code(), error.details())
        except (RuntimeError, NotInTime) as error:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error) or "the policy pack did not start in time")
        return answer
