"""The way from the API server into the cluster: an HTTP CONNECT proxy that stands in for the network of Services.

    python egress.py PORT ROUTES CERTIFICATE KEY AUTHORITY

No pod really runs, so behind no Service there is anybody. ROUTES, a JSON object, names the process outside the cluster
that serves in a pod's place: {"10.96.4.7:443": 10023} sends what is meant for that address to 127.0.0.1:10023. It is
read at every connection; an address that it does not name is refused, with a line that says so. The other three are
files: what it serves with, and who must have signed the certificate of whoever asks.

Standard library alone, so that it runs as a script from any folder and starts at once.
"""

import asyncio
import json
import ssl
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

HOST = "127.0.0.1"
READY_PATH = "/readyz"
_HEAD_SECONDS = 10.0
_CHUNK_BYTES = 65_536


def port_of(routes: Path, address: str) -> int | None:
    """Return the port on this machine that `routes` has for `address`, or None; a lost file has none."""
    try:
        document = json.loads(routes.read_text())
    except (OSError, ValueError):
        return None
    port = document.get(address) if isinstance(document, dict) else None
    # Exactly an int: true would pass for port 1.
    return port if type(port) is int else None


def context(certificate: Path, key: Path, authority: Path) -> ssl.SSLContext:
    """Return how the proxy serves: holders of a certificate that `authority` has signed, and nobody else."""
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(authority))
    serving.verify_mode = ssl.CERT_REQUIRED
    serving.load_cert_chain(certificate, key)
    return serving


async def serve(port: int, routes: Path, serving: ssl.SSLContext) -> None:
    """Serve on 127.0.0.1:`port` until the process is ended."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A peer that leaves in the middle is its own affair.
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
            await _answer(reader, writer, routes)
        writer.close()

    server = await asyncio.start_server(answer, HOST, port, ssl=serving)
    async with server:
        await server.serve_forever()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, routes: Path) -> None:
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _HEAD_SECONDS)
    method, target, *_ = [*head.decode("latin-1").split("\r\n", 1)[0].split(" "), "", ""]
    if method == "CONNECT":
        await _connect(reader, writer, target, routes)
    elif (method, target) == ("GET", READY_PATH):
        await _say(writer, "200 OK")
    else:
        await _say(writer, "405 Only CONNECT is served")


async def _connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, address: str, routes: Path) -> None:
    port = port_of(routes, address)
    if port is None:
        await _refuse(writer, f"no process outside the cluster stands for {address}")
        return
    try:
        their_reader, their_writer = await asyncio.open_connection(HOST, port)
    except OSError as error:
        await _refuse(writer, f"the process that stands for {address} does not answer on port {port} ({error})")
        return
    # Nothing may follow the empty line: the API server takes the rest for the answer of the other side.
    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
    try:
        await asyncio.gather(_pass_on(reader, their_writer), _pass_on(their_reader, writer))
    finally:
        their_writer.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy until one side ends, and pass that end on."""
    while data := await reader.read(_CHUNK_BYTES):
        writer.write(data)
        await writer.drain()
    # TLS knows no half-closed connection.
    if writer.can_write_eof():
        writer.write_eof()
    else:
        writer.close()


async def _refuse(writer: asyncio.StreamWriter, reason: str) -> None:
    print(f"refused: {reason}", file=sys.stderr, flush=True)  # noqa: T201 - standard error is this process's log
    await _say(writer, f"502 {reason}")


async def _say(writer: asyncio.StreamWriter, status: str) -> None:
    writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode("latin-1", "replace"))
    await writer.drain()


def main(arguments: Sequence[str]) -> None:
    """Run the proxy until it is ended."""
    port, routes, certificate, key, authority = arguments
    asyncio.run(serve(int(port), Path(routes), context(Path(certificate), Path(key), Path(authority))))


if __name__ == "__main__":
    main(sys.argv[1:])
