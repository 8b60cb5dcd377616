"""The service proxy: what it passes on, what it refuses and to whom it talks at all."""

import json
import socket
import socketserver
import ssl
import subprocess
import sys
import threading
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from local.control_plane import egress, pki, ports, probes

ADDRESS = "10.96.4.7:443"
CLIENT = "service-proxy-client"


class Capitals(socketserver.BaseRequestHandler):
    """Says back what it hears, in capitals."""

    def handle(self):
        while data := self.request.recv(1000):
            self.request.sendall(data.upper())


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pki")
    pki.ensure(folder, now=datetime.now(UTC), requests=(*pki.REQUESTS, *pki.SERVICE_REQUESTS))
    return folder


@pytest.fixture(scope="module")
def pod():
    """The port of a process that stands for a Service."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Capitals) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join(30)


@pytest.fixture(scope="module")
def routes(tmp_path_factory):
    return tmp_path_factory.mktemp("routes") / "routes.json"


def serves(process, port):
    """Whether it is the process that listens, once somebody does or it has ended."""
    while process.poll() is None:
        holder = ports.holder(port)
        if holder is not None:
            return holder.endswith(f"(pid {process.pid})")
    return False


@pytest.fixture(scope="module")
def proxy(certificates, routes):
    """A proxy as the control plane runs it, and its log."""
    log = routes.with_name("log")
    files = [pki.certificate(certificates, "service-proxy"), pki.private_key(certificates, "service-proxy")]
    authority = pki.certificate(certificates, "ca")
    # Another test may take a port between its choice and its use.
    for _ in range(5):
        port = ports.choose(())
        command = [sys.executable, "-I", egress.__file__, str(port), routes, *files, authority]
        with log.open("wb") as sink:
            process = subprocess.Popen(command, stderr=sink)
        if serves(process, port):
            break
    yield port, log
    process.terminate()
    process.wait(30)


def connect(proxy, certificates, client=CLIENT):
    context = ssl.create_default_context(cafile=str(pki.certificate(certificates, "ca")))
    if client:
        context.load_cert_chain(pki.certificate(certificates, client), pki.private_key(certificates, client))
    plain = socket.create_connection(("127.0.0.1", proxy[0]), timeout=20)
    return context.wrap_socket(plain, server_hostname="127.0.0.1")


def ask(proxy, certificates, line, client=CLIENT):
    """The first line of the answer to a request."""
    with connect(proxy, certificates, client) as connection:
        connection.sendall(f"{line}\r\nHost: 127.0.0.1\r\n\r\n".encode())
        return connection.recv(1000).decode().partition("\r\n")[0]


def test_what_is_meant_for_a_service_reaches_the_process_that_stands_for_it(proxy, certificates, routes, pod):
    routes.write_text(json.dumps({ADDRESS: pod}))
    with connect(proxy, certificates) as connection:
        connection.sendall(f"CONNECT {ADDRESS} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        head = connection.recv(1000)
        assert head == b"HTTP/1.1 200 Connection established\r\n\r\n", "more would pass for the other side's answer"
        heard = []
        for word in (b"one", b"two"):
            connection.sendall(word)
            heard.append(connection.recv(3))
    assert heard == [b"ONE", b"TWO"]


def test_an_address_that_nobody_stands_for_is_refused_and_told(proxy, certificates, routes):
    routes.write_text("{}")
    told = "no process outside the cluster stands for 10.96.9.9:443"
    assert ask(proxy, certificates, "CONNECT 10.96.9.9:443 HTTP/1.1") == f"HTTP/1.1 502 {told}"
    assert f"refused: {told}\n" in proxy[1].read_text()


def test_a_process_that_does_not_answer_is_told_with_its_port(proxy, certificates, routes):
    port = ports.choose(())
    routes.write_text(json.dumps({ADDRESS: port}))
    told = f"the process that stands for {ADDRESS} does not answer on port {port} "
    assert ask(proxy, certificates, f"CONNECT {ADDRESS} HTTP/1.1").startswith(f"HTTP/1.1 502 {told}")
    assert f"refused: {told}" in proxy[1].read_text()


@pytest.mark.parametrize("line", ["GET / HTTP/1.1", "POST /readyz HTTP/1.1", "nonsense"])
def test_it_serves_nothing_else(proxy, certificates, line):
    assert ask(proxy, certificates, line) == "HTTP/1.1 405 Only CONNECT is served"


def test_it_says_that_it_is_ready(proxy, certificates):
    question = probes.Question(egress.READY_PATH, is_tls=True)
    assert probes.ask(question, proxy[0], certificates, timeout_seconds=20) is None


@pytest.mark.parametrize("client", [None, "front-proxy"], ids=["no certificate", "of another authority"])
def test_nobody_but_the_control_plane_gets_an_answer(proxy, certificates, client):
    heard = ""
    with suppress(ssl.SSLError, ConnectionError):
        heard = ask(proxy, certificates, "GET /readyz HTTP/1.1", client)
    assert heard == ""


@pytest.mark.parametrize("content", [None, "{", "[]", f'{{"{ADDRESS}": true}}', f'{{"{ADDRESS}": "17"}}'])
def test_lost_or_damaged_routes_lead_nowhere(tmp_path, content):
    if content is not None:
        (tmp_path / "routes").write_text(content)
    assert egress.port_of(tmp_path / "routes", ADDRESS) is None
