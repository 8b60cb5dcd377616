"""`pulumi-resource-gcp [FLAG...] [ENGINE_ADDRESS]`: serves a simulated cloud until the engine ends."""

import logging
import os
import signal
import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

# The engine ends its plugins with SIGINT. Files are written whole or not at all, so that there is nothing to clear up.
signal.signal(signal.SIGINT, signal.SIG_DFL)
# The launcher starts this file by its path, so that the provider needs no installed copy of the project.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import grpc  # type: ignore[import-untyped]  # noqa: E402
from pulumi.runtime.proto import provider_pb2_grpc  # noqa: E402

from local.home import Home  # noqa: E402
from local.rehearsal.clouds import CLOUDS  # noqa: E402
from local.rehearsal.provider import Provider  # noqa: E402

_CALLS_AT_ONCE = 64
_MESSAGE_BYTES = 400 * 1024 * 1024
"""The largest message the engine sends; source: maxRPCMessageSize in rpcutil of Pulumi 3.259."""


def _is_worth_telling(record: logging.LogRecord) -> bool:
    """Return whether gRPC may log it: the engine itself copes with a method that is not here."""
    return not (record.exc_info and record.exc_info[0] is NotImplementedError)


def main(package: str, arguments: list[str]) -> None:
    """Print the port and serve; the engine's address is the last argument, and none of its flags concerns us."""
    logging.getLogger("grpc._server").addFilter(_is_worth_telling)
    address = arguments[-1] if arguments and not arguments[-1].startswith("-") else ""
    sizes = [("grpc.max_receive_message_length", _MESSAGE_BYTES), ("grpc.max_send_message_length", _MESSAGE_BYTES)]
    server = grpc.server(ThreadPoolExecutor(max_workers=_CALLS_AT_ONCE), options=sizes)
    provider = Provider(CLOUDS[package], Home.from_environment().root, address)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    _wait_for_the_end()


def _wait_for_the_end() -> None:
    """Return when the engine, which holds the other end of standard input, has died; a signal ends us before."""
    engine = sys.stdin.fileno()
    if not stat.S_ISFIFO(os.fstat(engine).st_mode):
        signal.pause()
    while os.read(engine, 4096):
        pass
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
