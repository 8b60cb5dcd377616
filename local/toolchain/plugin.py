"""The version of a Pulumi plugin, which has no flag for it: start it, ask it, end it."""

import os
import select
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import IO

_END_SECONDS = 5.0
_PORT_BYTES = 64


def ask_plugin(executable: Path, timeout_seconds: float) -> str:
    """Return the version that the plugin `executable` gives over its protocol.

    Raises:
        TimeoutError: it named no port or did not answer in time.
        ValueError: it printed something else than a port.
    """
    command = [executable]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        try:
            return _version_at(_port(process.stdout, timeout_seconds), timeout_seconds)
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(_END_SECONDS)
            process.kill()


def _port(output: IO[bytes] | None, timeout_seconds: float) -> int:
    if output is None or not select.select([output], [], [], timeout_seconds)[0]:
        msg = "it named no port"
        raise TimeoutError(msg)
    printed = os.read(output.fileno(), _PORT_BYTES).decode(errors="replace").strip()
    if not printed.isdecimal():
        msg = f"it printed {printed!r} instead of a port"
        raise ValueError(msg)
    return int(printed)


def _version_at(port: int, timeout_seconds: float) -> str:
    # Importing gRPC and Pulumi's stubs takes most of a second, and hardly any PATH holds a provider.
    import grpc  # type: ignore[import-untyped]  # noqa: PLC0415
    from google.protobuf.empty_pb2 import Empty  # type: ignore[import-untyped]  # noqa: PLC0415
    from pulumi.runtime.proto.provider_pb2_grpc import ResourceProviderStub  # noqa: PLC0415

    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        try:
            info = ResourceProviderStub(channel).GetPluginInfo(Empty(), timeout=timeout_seconds, wait_for_ready=True)
        except grpc.RpcError as error:
            msg = f"no answer on port {port}"
            raise TimeoutError(msg) from error
    return str(info.version)
