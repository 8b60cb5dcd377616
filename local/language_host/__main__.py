"""`pulumi-language-python [FLAG...] [ENGINE_ADDRESS]`: serves the engine until it sends SIGINT, SIGTERM or ends."""

import os
import signal
import stat
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

# The launcher starts this file by its path, so that the host needs no installed copy of the project.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

try:
    import grpc  # type: ignore[import-untyped]

    from local.language_host.children import Children
    from local.language_host.host import LanguageHost
    from local.language_host.packs import CHANNEL_OPTIONS
    from local.language_host.stubs import language_pb2_grpc
except ModuleNotFoundError as missing:
    sys.exit(f"{sys.executable} has no package `{missing.name}`; run `make up`, which installs requirements.txt")

_CALLS_AT_ONCE = 64


def serve(children: Children, engine_address: str) -> tuple[grpc.Server, int]:
    """Return the running server and its port on 127.0.0.1."""
    # Every program and every plugin holds one thread for as long as it runs.
    server = grpc.server(ThreadPoolExecutor(max_workers=_CALLS_AT_ONCE), options=CHANNEL_OPTIONS)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(LanguageHost(children, engine_address), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


def main(arguments: list[str]) -> None:
    """Print the port and serve; the engine's address is the last argument, and none of its flags concerns us."""
    children = Children()

    def end(*_: object) -> None:
        # At once: the engine waits for this process and kills it after 5 s, and gRPC's own farewell takes as long.
        children.kill_all()
        os._exit(0)

    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGTERM, end)
    _server, port = serve(children, arguments[-1] if arguments else "")
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    # The engine holds the other end of this pipe: when it dies without a word, nothing of its update is left behind.
    if stat.S_ISFIFO(os.fstat(sys.stdin.fileno()).st_mode):
        sys.stdin.buffer.read()
        end()
    threading.Event().wait()


if __name__ == "__main__":
    main(sys.argv[1:])
