"""`pulumi-language-python [FLAG...] [ENGINE_ADDRESS]`: serves the engine until it sends SIGINT, SIGTERM or ends."""

import logging
import os
import select
import signal
import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

# Until the server runs there is nothing to end with care, and Python's own handler would print a traceback.
signal.signal(signal.SIGINT, signal.SIG_DFL)
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


def _is_worth_telling(record: logging.LogRecord) -> bool:
    """Return whether gRPC may log it: the engine itself copes with a method that this host does not have."""
    return not (record.exc_info and record.exc_info[0] is NotImplementedError)


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
    logging.getLogger("grpc._server").addFilter(_is_worth_telling)
    signals = _pipe_of_signals()
    children = Children()
    _server, port = serve(children, arguments[-1] if arguments else "")
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    _wait_for_the_end(signals)
    # No farewell of gRPC's: the engine is waiting for this process, and kills it after 5 s.
    children.end()
    os._exit(0)


def _pipe_of_signals() -> int:
    """Return a file descriptor from which SIGINT and SIGTERM can be read.

    A handler in Python would not do: it runs in the main thread, and when another thread has taken the signal nothing
    wakes the main thread to run it. Such a Ctrl-C ended only with the engine's kill after 5 s.
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    return reader


def _wait_for_the_end(signals: int) -> None:
    """Return when a signal has come or the engine, which holds the other end of standard input, has died."""
    engine = sys.stdin.fileno()
    sources = [signals, engine] if stat.S_ISFIFO(os.fstat(engine).st_mode) else [signals]
    while True:
        ready, _, _ = select.select(sources, [], [])
        if signals in ready or not os.read(engine, 4096):
            return


if __name__ == "__main__":
    main(sys.argv[1:])
