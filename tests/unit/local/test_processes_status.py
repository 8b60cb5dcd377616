"""The rows of `make status`: never a trace, whatever of a home is lost or damaged."""

import threading
from datetime import UTC, datetime

import pytest

from local.control_plane import State, pki, ports, probes, processes, status
from local.control_plane.daemons import DAEMONS, ETCD, PORT_NAMES
from local.control_plane.processes import Command
from local.home import Home


@pytest.fixture
def home(tmp_path):
    """A home whose processes all live and answer nothing."""
    home = Home(tmp_path / "home")
    home.create()
    ports.settle(home.state / ports.FILE, PORT_NAMES, bound=())
    for name in DAEMONS:
        processes.start(home, Command(name, ("/bin/sleep", "60")))
    yield home
    living = [process for name in DAEMONS if (process := processes.find(home, name))]
    processes.end([*living, *processes.orphans(home, DAEMONS)], grace_seconds=5)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pki")
    pki.ensure(folder, now=datetime.now(UTC))
    return folder


@pytest.mark.parametrize("content", ["{", "[]", '{"etcd": true}', None])
def test_a_process_whose_port_is_lost_is_not_ready_and_never_killed(home, content):
    (home.state / ports.FILE).unlink()
    if content is not None:
        (home.state / ports.FILE).write_text(content)
    rows = status.look(home)
    assert {(row.state, row.port, row.detail) for row in rows} == {
        (State.NOT_READY, None, "its port is not known; run `make up`")
    }
    assert all(row.pid and row.rss_bytes for row in rows)


def test_all_processes_are_asked_at_once_and_told_in_the_order_of_their_start(home, monkeypatch):
    together = threading.Barrier(len(DAEMONS), timeout=20)

    def ask(*_, **__):
        together.wait()

    monkeypatch.setattr(status, "ask", ask)
    assert [(row.name, row.state) for row in status.look(home)] == [(name, State.RUNNING) for name in DAEMONS]


@pytest.mark.parametrize("content", ["", "garbage", None], ids=["empty", "garbage", "gone"])
@pytest.mark.parametrize("file", ["ca.crt", "admin.crt", "admin.key"])
def test_a_certificate_that_cannot_be_used_is_told_as_the_answer(certificates, tmp_path, file, content):
    for held in certificates.iterdir():
        (tmp_path / held.name).write_bytes(held.read_bytes())
    (tmp_path / file).unlink()
    if content is not None:
        (tmp_path / file).write_text(content)
    heard = probes.ask(ETCD.question, ports.choose(()), tmp_path, timeout_seconds=2)
    assert heard.startswith(f"the certificates in {tmp_path} cannot be used (")
    assert heard.endswith("); `make up` makes them anew")


def test_good_certificates_and_no_listener_are_told_apart_from_it(certificates):
    heard = probes.ask(ETCD.question, ports.choose(()), certificates, timeout_seconds=2)
    assert heard.startswith("ConnectionRefusedError")
