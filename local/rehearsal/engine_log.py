"""What a person reads beside `pulumi up`: messages of a provider, through the engine that started it."""

from contextlib import suppress

import grpc  # type: ignore[import-untyped]
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

_SECONDS = 5.0


class EngineLog:
    """The engine's log; silent where no engine is."""

    def __init__(self, address: str) -> None:
        """Connect when the first message comes."""
        self._stub = engine_pb2_grpc.EngineStub(grpc.insecure_channel(address)) if address else None

    def info(self, message: str, urn: str = "") -> None:
        """Say it, beside the resource that it is about."""
        request = engine_pb2.LogRequest(severity=engine_pb2.INFO, message=message, urn=urn)
        # An engine that is ending takes no more messages, and none is worth an error.
        with suppress(grpc.RpcError):
            if self._stub is not None:
                self._stub.Log(request, timeout=_SECONDS)
