"""Ports: kept while free, moved when taken, told apart from the kernel's own."""

import json
import os
import socket

import psutil
import pytest

from local.control_plane import ports
from mizan.errors import PlatformError


@pytest.fixture
def taken():
    """A port on which this process listens."""
    with socket.create_server((ports.HOST, ports.choose(()))) as server:
        yield server.getsockname()[1]


def settle(tmp_path, *names, bound=()):
    return ports.settle(tmp_path / ports.FILE, names, bound=bound)


def test_every_name_gets_a_free_port_of_its_own(tmp_path):
    chosen, moves = settle(tmp_path, "a", "b", "c")
    assert moves == ()
    assert len(set(chosen.values())) == 3
    assert all(ports.is_free(port) for port in chosen.values())
    assert json.loads((tmp_path / ports.FILE).read_text()) == chosen


def test_ports_stay_as_they_were_and_a_new_name_joins_them(tmp_path):
    first, _ = settle(tmp_path, "a", "b")
    second, moves = settle(tmp_path, "a", "b", "c")
    assert {name: second[name] for name in first} == first
    assert moves == ()


def test_a_port_taken_meanwhile_is_named_with_its_holder_and_the_one_used_instead(tmp_path, taken):
    (tmp_path / ports.FILE).write_text(json.dumps({"a": taken}))
    chosen, (move,) = settle(tmp_path, "a")
    holder = f"{psutil.Process().name()} (pid {os.getpid()})"
    assert str(move) == f"port {taken} of a is taken by {holder}; using {chosen['a']} instead"
    assert chosen["a"] != taken


def test_a_holder_that_cannot_be_seen_is_another_process():
    assert str(ports.Move("a", 1, None, 2)) == "port 1 of a is taken by another process; using 2 instead"


def test_a_port_on_which_ones_own_process_listens_is_kept(tmp_path, taken):
    (tmp_path / ports.FILE).write_text(json.dumps({"a": taken}))
    assert settle(tmp_path, "a", bound={"a"}) == ({"a": taken}, ())


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"a": "80"}', '{"a": 0}', '{"a": true}', '{"a": 1e400}', '{"a": 70000}']
)
def test_an_unreadable_file_counts_as_none(tmp_path, content):
    (tmp_path / ports.FILE).write_text(content)
    chosen, moves = settle(tmp_path, "a")
    assert ports.is_free(chosen["a"])
    assert moves == ()


def test_two_names_on_one_port_are_parted(tmp_path):
    port = ports.choose(())
    (tmp_path / ports.FILE).write_text(json.dumps({"a": port, "b": port}))
    chosen, _ = settle(tmp_path, "a", "b")
    assert chosen["a"] == port != chosen["b"]


def test_ports_that_the_kernel_gives_to_connections_are_left_alone(monkeypatch):
    monkeypatch.setattr(ports, "_first_ephemeral", lambda: 20000)
    assert all(ports._LOWEST <= ports.choose(()) < 20000 for _ in range(20))


def test_a_kernel_that_claims_nearly_all_ports_still_leaves_one(monkeypatch):
    monkeypatch.setattr(ports, "_first_ephemeral", lambda: 1024)
    assert ports.is_free(ports.choose(()))


def test_no_free_port_at_all_is_an_error(monkeypatch):
    monkeypatch.setattr(ports, "is_free", lambda _: False)
    with pytest.raises(PlatformError, match=r"ports between .* tried, none free on 127.0.0.1; needs one free port"):
        ports.choose(())


def test_a_listener_on_every_address_takes_the_port_as_well():
    with socket.create_server(("", 0)) as server:
        assert not ports.is_free(server.getsockname()[1])
