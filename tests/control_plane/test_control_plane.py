"""The processes: ready, kept, brought back, moved to other ports, ended. What they do is in test_simulation.py."""

import json
import signal
import socket
import stat
from contextlib import contextmanager

import psutil
import pytest
from lightkube.resources.apiextensions_v1 import CustomResourceDefinition
from lightkube.resources.core_v1 import ConfigMap, Node

from local.control_plane import Action, State, objects, pki, ports, processes, total_rss_bytes
from local.control_plane.daemons import DAEMONS, KWOK
from local.home import Home
from mizan import keys
from tests.control_plane.cluster_builders import INSTANCE_TYPES, RecordingReporter, instance_type, static_node

pytestmark = pytest.mark.control_plane


def pids(plane):
    return {row.name: row.pid for row in plane.status()}


def kill(plane, name):
    process = processes.find(plane.home, name)
    process.kill()
    process.wait(10)


def listeners(plane):
    """Addresses on which the processes of `plane` listen."""
    return [
        connection.laddr
        for pid in pids(plane).values()
        for connection in psutil.Process(pid).net_connections("inet")
        if connection.status == psutil.CONN_LISTEN or connection.type == socket.SOCK_DGRAM
    ]


def occupy(port):
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((ports.HOST, port))
    server.listen(1)
    return server


def test_every_process_says_that_it_runs(plane):
    rows = plane.status()
    assert [(row.name, row.state) for row in rows] == [(name, State.RUNNING) for name in DAEMONS]
    assert all(row.pid and row.port and row.uptime_seconds >= 0 and row.log.is_file() for row in rows)


def test_all_processes_together_take_less_than_2_gb_before_they_have_work(make_plane):
    idle = make_plane()
    idle.start()
    assert 0 < total_rss_bytes(idle.status()) < 2e9


def test_nothing_listens_beyond_this_machine(plane):
    addresses = listeners(plane)
    assert {address.ip for address in addresses} == {"127.0.0.1"}
    known = ports.read(plane.home.state / ports.FILE)
    assert {address.port for address in addresses} == set(known.values()), "a listener that no port was chosen for"


def test_only_the_owner_can_read_what_a_home_holds(plane):
    for path in (plane.home.root, *plane.home.root.rglob("*")):
        assert stat.S_IMODE(path.lstat().st_mode) & 0o077 == 0, path


def test_a_second_start_changes_nothing(plane, client):
    before = pids(plane)
    versions = {crd.metadata.name: crd.metadata.resourceVersion for crd in client.list(CustomResourceDefinition)}
    kubeconfig = plane.kubeconfig.stat().st_mtime_ns
    plane._reporter.said.clear()
    assert set(plane.start().actions.values()) == {Action.KEPT}
    assert plane._reporter.said == []
    assert pids(plane) == before
    assert {
        crd.metadata.name: crd.metadata.resourceVersion for crd in client.list(CustomResourceDefinition)
    } == versions
    assert plane.kubeconfig.stat().st_mtime_ns == kubeconfig


@pytest.mark.parametrize("name", DAEMONS)
def test_a_killed_process_is_named_and_comes_back_with_nothing_lost(plane, client, name):
    kept = ConfigMap.from_dict({"metadata": {"name": f"before-{name}", "namespace": "default"}, "data": {"a": "1"}})
    client.create(kept)
    before = pids(plane)
    kill(plane, name)
    assert {row.name for row in plane.status() if row.state is State.KILLED} == {name}
    plane._reporter.said.clear()
    report = plane.start()
    assert report.actions == dict.fromkeys(DAEMONS, Action.KEPT) | {name: Action.BROUGHT_BACK}
    assert plane._reporter.said == [f"  brought back: {name}"]
    assert all(row.state is State.RUNNING for row in plane.status())
    assert {other for other, pid in pids(plane).items() if pid != before[other]} == {name}
    with plane.client() as again:
        assert again.get(ConfigMap, f"before-{name}").data == {"a": "1"}


def test_all_processes_killed_at_once_come_back_with_nothing_lost(plane, client):
    client.create(ConfigMap.from_dict({"metadata": {"name": "before-all", "namespace": "default"}}))
    for name in DAEMONS:
        kill(plane, name)
    assert {row.state for row in plane.status()} == {State.KILLED}
    assert set(plane.start().actions.values()) == {Action.BROUGHT_BACK}
    with plane.client() as again:
        assert again.get(ConfigMap, "before-all")


def test_a_process_that_hangs_is_started_anew(plane, monkeypatch):
    monkeypatch.setattr("local.control_plane.launches.HUNG_SECONDS", 1.0)
    monkeypatch.setattr("local.control_plane.launches._ASK_SECONDS", 0.5)
    monkeypatch.setattr("local.control_plane.status._ASK_SECONDS", 0.5)
    hanging = processes.find(plane.home, "kube-scheduler")
    hanging.send_signal(signal.SIGSTOP)
    assert [row.name for row in plane.status() if row.state is State.NOT_READY] == ["kube-scheduler"]
    assert plane.start().actions["kube-scheduler"] is Action.RESTARTED
    assert not processes.is_alive(hanging)
    assert all(row.state is State.RUNNING for row in plane.status())


def test_nodes_go_on_at_once_when_kwok_comes_back(plane, client, eventually):
    client.create(static_node("before-kwok"))

    def is_ready(name):
        conditions = client.get(Node, name).status.conditions or []
        return any(condition.type == "Ready" and condition.status == "True" for condition in conditions)

    eventually(lambda: is_ready("before-kwok"))
    kill(plane, KWOK.name)
    plane.start()
    client.patch(Node, "before-kwok", {"status": {"conditions": [{"type": "Ready", "status": "Unknown"}]}})
    client.create(static_node("after-kwok"))
    eventually(lambda: is_ready("after-kwok"), seconds=10)
    for name in ("before-kwok", "after-kwok"):
        client.delete(Node, name)


@pytest.mark.parametrize("taken", ["kube-apiserver", "kueue-webhook"])
def test_a_port_taken_meanwhile_is_named_and_another_one_used_everywhere(plane, taken):
    name = next(daemon.name for daemon in DAEMONS.values() if taken in daemon.ports)
    port = ports.read(plane.home.state / ports.FILE)[taken]
    kill(plane, name)
    plane._reporter.warnings.clear()
    with occupy(port):
        plane.start()
    chosen = ports.read(plane.home.state / ports.FILE)[taken]
    me = psutil.Process()
    assert plane._reporter.warnings == [
        f"port {port} of {taken} is taken by {me.name()} (pid {me.pid}); using {chosen} instead"
    ]
    assert all(row.state is State.RUNNING for row in plane.status())
    for path in (plane.kubeconfig, *plane.home.state.glob("*.yaml"), *plane.home.state.glob("*.json")):
        assert str(port) not in path.read_text(), path
    with plane.client() as client:
        crd = client.get(CustomResourceDefinition, "clusterqueues.kueue.x-k8s.io")
        webhook = ports.read(plane.home.state / ports.FILE)["kueue-webhook"]
        assert crd.spec.conversion.webhook.clientConfig.url == f"https://127.0.0.1:{webhook}/convert"


def test_a_port_taken_between_its_choice_and_its_use_is_left_to_its_new_owner(plane, monkeypatch):
    port = ports.read(plane.home.state / ports.FILE)["kube-scheduler"]
    kill(plane, "kube-scheduler")
    owners = []
    start = processes.start

    def start_late(home, command):
        if command.name == "kube-scheduler" and not owners:
            owners.append(occupy(port))
        return start(home, command)

    monkeypatch.setattr(processes, "start", start_late)
    plane._reporter.warnings.clear()
    plane.start()
    owners[0].close()
    (told,) = plane._reporter.warnings
    assert told.startswith(f"port {port} of kube-scheduler is taken by ")
    assert all(row.state is State.RUNNING for row in plane.status())


def test_a_stale_pid_file_never_ends_the_process_that_now_has_the_number(plane):
    stranger = psutil.Popen(["sleep", "60"])
    try:
        kill(plane, KWOK.name)
        file = plane.home.pids / f"{KWOK.name}.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | {"pid": stranger.pid}))
        assert [row.name for row in plane.status() if row.state is State.KILLED] == [KWOK.name]
        assert plane.start().actions[KWOK.name] is Action.BROUGHT_BACK
        assert stranger.is_running()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait(10)


def test_processes_without_pid_files_are_found_and_replaced(plane):
    lost = pids(plane)
    for file in plane.home.pids.iterdir():
        file.unlink()
    plane._reporter.warnings.clear()
    plane.start()
    assert plane._reporter.warnings == [f"ending {len(DAEMONS)} processes of this home that have lost their pid file"]
    assert not [(name, psutil.Process(pid).status()) for name, pid in lost.items() if psutil.pid_exists(pid)]


def test_only_karpenter_starts_anew_when_the_machines_change(plane):
    before = pids(plane)
    assert set(plane.start(instance_types=INSTANCE_TYPES).actions.values()) == {Action.KEPT}
    report = plane.start(instance_types=[*INSTANCE_TYPES, instance_type("test-h100x8")])
    assert [name for name, action in report.actions.items() if action is not Action.KEPT] == ["karpenter"]
    assert {name for name, pid in pids(plane).items() if pid != before[name]} == {"karpenter"}
    plane.start(instance_types=INSTANCE_TYPES)


def test_a_second_control_plane_runs_beside_it_stops_twice_and_keeps_its_state(plane, make_plane, monkeypatch):
    beside = make_plane()
    report = beside.start()
    assert set(report.actions.values()) == {Action.STARTED}
    assert not set(pids(plane).values()) & set(pids(beside).values())
    with beside.client() as client:
        client.create(ConfigMap.from_dict({"metadata": {"name": "kept", "namespace": "default"}}))
    running = list(map(psutil.Process, pids(beside).values()))

    beside.stop()
    beside.stop()
    assert not any(map(processes.is_alive, running))
    assert {row.state for row in beside.status()} == {State.STOPPED}
    assert all(row.state is State.RUNNING for row in plane.status()), "the first one was touched"

    certificate = pki.certificate(beside.home.pki, "kube-apiserver")
    before = certificate.read_bytes()
    monkeypatch.setattr(pki, "RENEW_BEFORE_END", pki.CERTIFICATE_LIFE)
    report = beside.start()
    assert certificate.read_bytes() != before
    assert set(report.actions.values()) == {Action.STARTED}
    with beside.client() as client:
        assert client.get(ConfigMap, "kept")
        assert client.config.context_name == keys.LOCAL_CONTEXT


def test_an_interrupt_while_the_first_processes_start_leaves_none(make_plane, tmp_path):
    class Interrupting(RecordingReporter):
        @contextmanager
        def task(self, title):
            with super().task(title):
                yield self

        def step(self, text):
            if text.startswith("waiting for etcd"):
                raise KeyboardInterrupt

    home = Home(tmp_path / "home")
    with pytest.raises(KeyboardInterrupt):
        make_plane(home, Interrupting()).start()
    assert processes.orphans(home, DAEMONS) == []
    assert {row.state for row in make_plane(home).status()} == {State.STOPPED}


def test_a_start_after_one_interrupted_amid_its_crds_goes_on_from_there(make_plane, monkeypatch):
    plane = make_plane()

    def interrupt(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(objects, "wait_established", interrupt)
        with pytest.raises(KeyboardInterrupt):
            plane.start()
    assert {row.state for row in plane.status()} == {State.STOPPED}
    assert set(plane.start().actions.values()) == {Action.STARTED}
    assert all(row.state is State.RUNNING for row in plane.status())
