"""Asking over HTTP with addresses, headers and answers that are bad: what is refused, and that no secret is told."""

import socket
import threading
from contextlib import contextmanager

import pytest

from mizan.budgets import web
from mizan.budgets.model import Costs, Unknown
from mizan.budgets.prometheus import MOST_BYTES, costs_of, headers_in, prometheus_at
from mizan.budgets.web import Http, Refused, Request, is_address, shown
from tests.budget_builders import NOW, an_answer
from tests.fake_api import QUERY, FakeWorld, served


@pytest.fixture
def world():
    with served(FakeWorld()) as found:
        yield found


def no_wait(_):
    pass


def refusal(http):
    with pytest.raises(Refused) as refused:
        http.ask(Request(path=QUERY))
    return str(refused.value)


@pytest.mark.parametrize(
    ("name", "text", "seen"),
    [
        ("token", b"SECRET1\nSECRET2", "a line break inside"),
        ("X-Scope-OrgID", b"SECRET1\r\nX-Other: SECRET2", "a line break inside"),
        ("X-Scope-OrgID", "SECRET\N{LATIN SMALL LETTER U WITH DIAERESIS}".encode(), "a character that no header takes"),
        ("token", b"SECRET\x00", "a character that no header takes"),
        ("token", b"SECRET\xff", "a character that no header takes"),
        ("token", b"SECRET" * 2000, f"more than {MOST_BYTES} bytes"),
        ("X Scope", b"SECRET", "a name that no header has"),
        ("X:Scope", b"SECRET", "a name that no header has"),
    ],
)
def test_a_file_that_is_no_header_is_named_and_its_text_is_not_told(tmp_path, name, text, seen):
    (tmp_path / name).write_bytes(text)
    with pytest.raises(ValueError, match=seen) as fault:
        headers_in(tmp_path)
    assert str(fault.value) == f"file {name!r}: {seen}"


def test_a_header_is_ascii_with_spaces_and_tabs_inside(tmp_path):
    (tmp_path / "X-Scope-OrgID").write_bytes(b" a\tb ~!\n")
    (tmp_path / "token").write_bytes(b"x" * MOST_BYTES)
    assert headers_in(tmp_path) == {"X-Scope-OrgID": "a\tb ~!", "Authorization": f"Bearer {'x' * MOST_BYTES}"}


@pytest.mark.parametrize("value", ["Bearer SECRET\nX", "SECRET\N{SNOWMAN}"])
def test_a_header_that_cannot_be_sent_is_not_told(world, value):
    told = refusal(Http(url=world.url, headers={"Authorization": value}, is_direct=True, wait=no_wait))
    assert told == "a request that HTTP does not take"
    assert world.asked == []


@pytest.mark.parametrize("url", ["http://[::1", "http://admin:SECRET@", "http://127.0.0.1:abc", "http://a\nb"])
def test_an_address_that_is_none_is_refused_without_it(url):
    told = refusal(Http(url=url, is_direct=True, wait=no_wait))
    assert "SECRET" not in told
    assert "abc" not in told


def test_a_password_in_an_address_is_not_told():
    found = costs_of(Http(url="http://admin:SECRET@127.0.0.1:9", is_direct=True, wait=no_wait), "x", NOW)
    assert isinstance(found, Unknown)
    assert "Prometheus at an address with a user, a query or a fragment, which is not shown does not" in found.why
    assert "SECRET" not in found.why


@pytest.mark.parametrize(
    "text",
    [
        "http://127.0.0.1:9090",
        "https://mimir.example.com/prometheus/",
        "http://[::1]:9090",
        "http://h:65535",
        "http://mimir-gateway.mimir.svc/a_b~c",
    ],
)
def test_an_address_has_a_host_and_maybe_a_port_and_a_path(text):
    assert is_address(text)
    assert shown(text) == text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "nothing"),
        ("127.0.0.1:9090", "127.0.0.1:9090"),
        ("file:///etc/passwd", "file:///etc/passwd"),
        ("http://", "http://"),
        ("http://h:0", "http://h:0"),
        ("http://h:65536", "http://h:65536"),
        ("http://h:abc", "http://h:abc"),
        ("http://a\nb", "http://a b"),
        ("http://h\n", "http://h"),
        ("http://\x1b[31mh", "http:// [31mh"),
        ("http://münchen", "http://münchen"),
        ("http://u:SECRET@h", "an address with a user, a query or a fragment, which is not shown"),
        ("http://h?token=SECRET", "an address with a user, a query or a fragment, which is not shown"),
        ("http://h#SECRET", "an address with a user, a query or a fragment, which is not shown"),
    ],
)
def test_what_is_no_address_is_told_without_what_may_be_a_secret(text, told):
    assert not is_address(text)
    assert shown(text) == told


@contextmanager
def dripping(beginning):
    """A server that sends a beginning, then a blank every hundredth of a second, and never ends."""
    over = threading.Event()

    def answer(connection):
        with connection:
            connection.recv(65536)
            connection.sendall(beginning)
            try:
                while not over.wait(0.01):
                    connection.sendall(b" ")
            except OSError:
                pass

    def serve(server):
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, args=(server,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            over.set()
            server.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    "beginning", [b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b"HTTP/1.1 200 OK\r\nX-Slow:"]
)
def test_who_sends_a_byte_now_and_then_is_given_up(monkeypatch, beginning):
    monkeypatch.setattr(web, "WHOLE_ANSWER_SECONDS", 0.2)
    waits = []
    with dripping(beginning) as url:
        found = costs_of(Http(url=url, is_direct=True, wait=waits.append), "x", NOW)
    assert found == Unknown(f"Prometheus at {url} does not answer: no whole answer within 0.2 s")
    assert waits == [0.5, 2.0]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_no_proxy_of_the_environment_stands_before_a_prometheus_on_this_machine(world, monkeypatch, host):
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    world.prometheus = an_answer({"team-a": 5})
    url = world.url.replace("127.0.0.1", host)
    assert isinstance(costs_of(prometheus_at(url, {}), "x", NOW), Costs)


@pytest.mark.parametrize(
    ("url", "is_direct"),
    [
        ("http://127.0.0.53:9090", True),
        ("http://[::1]:9090", True),
        ("http://10.0.0.1", False),
        ("https://mimir.example.com", False),
        ("http://localhost.example.com", False),
        ("http://[::1", False),
    ],
)
def test_who_is_elsewhere_is_asked_as_the_environment_says(url, is_direct):
    assert prometheus_at(url, {}).is_direct is is_direct


def test_a_redirection_is_told_with_its_host_and_not_followed(world):
    world.faults["GET", QUERY] = [302]
    told = refusal(Http(url=world.url, is_direct=True, wait=no_wait))
    assert told == "302 Found: a redirection to 127.0.0.1, and nobody is followed"
    assert len(world.asked) == 1


def test_what_others_tell_is_one_line_without_codes_for_a_terminal():
    assert str(Refused("a\x1b[2J\nb\x00c\N{LINE SEPARATOR}d")) == "a [2J b c d"
    assert len(str(Refused("x" * 5000))) == 500
