"""A port on 127.0.0.1 whose new connections lead to another port there, to one that may change."""

import socket
import threading
from contextlib import suppress

_CONNECT_TIMEOUT_SECONDS = 10


class Door:
    """Passes bytes between whoever connects to `port` and the port that `leads_to` names at that moment."""

    def __init__(self, leads_to: int) -> None:
        """Listen on a free port."""
        self.leads_to = leads_to
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._welcome, daemon=True).start()

    def close(self) -> None:
        """Take no new connections; those that are open end when either side ends them."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _welcome(self) -> None:
        with suppress(OSError):
            while True:
                guest, _ = self._listener.accept()
                threading.Thread(target=self._join, args=(guest,), daemon=True).start()

    def _join(self, guest: socket.socket) -> None:
        address = ("127.0.0.1", self.leads_to)
        with guest, suppress(OSError), socket.create_connection(address, _CONNECT_TIMEOUT_SECONDS) as host:
            host.settimeout(None)
            for end in (guest, host):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            back = threading.Thread(target=_copy, args=(host, guest), daemon=True)
            back.start()
            _copy(guest, host)
            back.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while chunk := source.recv(65536):
            target.sendall(chunk)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
