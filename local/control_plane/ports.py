"""The ports of one control plane: free, on 127.0.0.1 alone, the same at every start while nobody else takes them."""

import json
import secrets
import socket
from collections.abc import Collection, Container, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from local import files
from mizan.errors import PlatformError

HOST = "127.0.0.1"
FILE = "ports.json"
"""Where a home keeps its ports, in its folder of state."""

_LOWEST = 10000
_HIGHEST = 65535
_TRIES = 500


@dataclass(frozen=True)
class Move:
    """A port that had to change.

    Attributes:
        name: what the port is for.
        taken: the port it had.
        holder: who listens there now, or None where that cannot be seen.
        chosen: the port it has instead.
    """

    name: str
    taken: int
    holder: str | None
    chosen: int

    def __str__(self) -> str:
        """Return the sentence a user reads."""
        holder = self.holder or "another process"
        return f"port {self.taken} of {self.name} is taken by {holder}; using {self.chosen} instead"


def settle(file: Path, names: Iterable[str], *, bound: Container[str]) -> tuple[dict[str, int], tuple[Move, ...]]:
    """Return the port of every name, and those that had to move; `file` remembers them.

    Args:
        file: where the ports are kept, a JSON object; an unreadable one is made anew.
        names: what needs a port.
        bound: the names whose own process listens already; theirs are taken by right.

    Raises:
        PlatformError: no free port is left.
    """
    known = read(file)
    ports: dict[str, int] = {}
    moves: list[Move] = []
    for name in names:
        held = known.get(name)
        if held is not None and held not in ports.values() and (name in bound or is_free(held)):
            ports[name] = held
            continue
        ports[name] = choose({*known.values(), *ports.values()}, near=ports.values())
        if held is not None:
            moves.append(Move(name, held, holder(held), ports[name]))
    files.write(file, json.dumps(ports, indent=2) + "\n")
    return ports, tuple(moves)


def choose(avoid: Collection[int], *, near: Collection[int] = ()) -> int:
    """Return a free port outside `avoid`, next to the highest of `near` where possible.

    Ports that the kernel hands to outgoing connections are left alone: one of those would block the next start.
    """
    highest = min(_first_ephemeral() - 1, _HIGHEST)
    if highest - _LOWEST < _TRIES:
        highest = _HIGHEST
    for attempt in range(_TRIES):
        neighbour = max(near) + 1 + attempt if near and attempt < 20 else 0
        port = neighbour if _LOWEST <= neighbour <= highest else _LOWEST + secrets.randbelow(highest - _LOWEST)
        if port not in avoid and is_free(port):
            return port
    raise PlatformError(
        "local/ports.py",
        f"{_TRIES} ports between {_LOWEST} and {highest} tried, none free on {HOST}",
        needs="one free port per process",
        because="every part of the control plane listens on its own",
        fix="End what listens there (`ss -ltn` lists it)",
    )


def is_free(port: int) -> bool:
    """Return whether a server could listen on `port` now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: connections of an earlier server that linger must not count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def holder(port: int) -> str | None:
    """Return the process that listens on `port`, as "name (pid 1)", or None where it belongs to another user."""
    try:
        for connection in psutil.net_connections(kind="tcp"):
            address = connection.laddr
            if connection.status == psutil.CONN_LISTEN and address and address.port == port and connection.pid:
                return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
    except psutil.Error:
        return None
    return None


def read(file: Path) -> Mapping[str, int]:
    """Return the ports that `file` remembers; none where it cannot be read."""
    try:
        document = json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
    if not isinstance(document, dict):
        return {}
    # Exactly an int: true would pass for port 1.
    return {name: port for name, port in document.items() if type(port) is int and 0 < port <= _HIGHEST}


def _first_ephemeral() -> int:
    try:
        return int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return 32768
