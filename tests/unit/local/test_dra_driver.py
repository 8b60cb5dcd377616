"""The simulated DRA driver: what it tells of a node, and when it is one of the processes."""

import http.client
import json
import threading
from pathlib import Path

import pytest

from local.control_plane import devices, dra_driver, kueue
from local.control_plane.daemons import (
    DAEMONS,
    DRA_DRIVER,
    EVERY_DAEMON,
    INSTALLING_DAEMONS,
    MEASURING_DAEMONS,
    Site,
    daemons_of,
)
from local.control_plane.devices import Devices, devices_of
from local.home import Home
from mizan import keys
from tests.builders import a_plan
from tests.sharing_stacks import DEVICES, PROFILE, a_sharing_stack, kept

PLAN = a_plan(a_sharing_stack("local", DEVICES, capacity=kept()))
CLAIMED = devices_of(PLAN)


def a_slice(node="node-a", uid="1"):
    return dra_driver.resource_slice(node, uid, CLAIMED.nodes["a100"])


def test_it_speaks_of_pools_and_the_driver_as_the_rest_of_the_project():
    assert (dra_driver.POOL, dra_driver.DRIVER) == (keys.POOL, keys.NVIDIA_DRA_DRIVER)
    assert dra_driver._MANAGED_BY == keys.MANAGED_BY


def test_a_slice_says_that_it_is_simulated_and_belongs_to_its_node():
    told = a_slice()
    assert told["metadata"]["name"] == "node-a-simulated-gpu.nvidia.com"
    assert told["metadata"]["labels"] == {"app.kubernetes.io/managed-by": "simulated-dra-driver"}
    assert told["metadata"]["ownerReferences"] == [{"apiVersion": "v1", "kind": "Node", "name": "node-a", "uid": "1"}]
    assert (told["spec"]["driver"], told["spec"]["nodeName"]) == ("gpu.nvidia.com", "node-a")
    assert len(told["spec"]["devices"]) == 28


def test_instances_of_one_gpu_have_one_parent_and_each_a_uuid_of_its_own():
    held = [device["attributes"] for device in a_slice()["spec"]["devices"]]
    parents = [attributes["parentUUID"]["string"] for attributes in held]
    assert [len(set(parents[gpu * 7 : gpu * 7 + 7])) for gpu in range(4)] == [1] * 4
    assert len(set(parents)) == 4
    assert len({attributes["uuid"]["string"] for attributes in held}) == 28
    assert a_slice() == a_slice()
    assert not set(parents) & {
        device["attributes"]["parentUUID"]["string"] for device in a_slice(uid="2")["spec"]["devices"]
    }


def test_a_whole_gpu_has_no_parent():
    plan = a_plan(a_sharing_stack("local", {"mode": "dra"}, capacity=kept()))
    told = dra_driver.resource_slice("node-a", "1", devices_of(plan).nodes["a100"])
    assert {tuple(sorted(device["attributes"])) for device in told["spec"]["devices"]} == {
        ("architecture", "brand", "productName", "type", "uuid")
    }


def test_it_is_ready_once_the_first_slices_are_written():
    is_ready = threading.Event()
    server = dra_driver.answer(0, is_ready)
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=5)

    def status(path):
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        return answer.status

    try:
        assert status("/readyz") == 503
        is_ready.set()
        assert (status("/readyz"), status("/else")) == (200, 503)
    finally:
        connection.close()
        server.shutdown()
        server.server_close()


def test_a_taken_port_is_told_in_the_words_that_a_start_looks_for(tmp_path):
    file = tmp_path / "devices.json"
    file.write_text(json.dumps({"nodes": {}, "counted": {}}))
    server = dra_driver.answer(0, threading.Event())
    try:
        with pytest.raises(SystemExit, match="address already in use"):
            dra_driver.main(["kubeconfig", str(file), str(server.server_port)])
    finally:
        server.shutdown()
        server.server_close()


def test_it_is_a_process_where_pods_claim_devices_and_nowhere_else():
    for installs, always in ((False, DAEMONS), (True, INSTALLING_DAEMONS)):
        assert daemons_of(installs_kueue=installs, has_devices=False, has_metrics=False) == always
        claimed = daemons_of(installs_kueue=installs, has_devices=True, has_metrics=False)
        assert list(claimed) == [*always, "simulated-dra-driver"]
    assert set(EVERY_DAEMON) == {*INSTALLING_DAEMONS, DRA_DRIVER.name, *MEASURING_DAEMONS}


def test_a_start_keeps_its_devices_for_the_next_and_drops_them_when_there_are_none(tmp_path):
    file = tmp_path / "devices.json"
    assert devices.keep(file, None) == Devices()
    assert devices.keep(file, CLAIMED) == CLAIMED
    assert devices.keep(file, None) == CLAIMED
    assert devices.keep(file, devices_of(a_plan(a_sharing_stack("local", PROFILE)))) == Devices()
    assert not file.exists()


def test_it_runs_by_itself_and_anew_when_devices_change(tmp_path):
    site = Site(Home(tmp_path), {DRA_DRIVER.name: 20001}, tools=None)
    command = devices.command(site)
    assert command.arguments[1:] == (
        "-I",
        str(Path(dra_driver.__file__)),
        str(site.home.kubeconfig),
        str(site.devices),
        "20001",
    )
    assert site.devices in command.inputs


def test_the_embedded_kueue_counts_them(tmp_path):
    ports = dict.fromkeys(("kueue", "kueue-metrics", "kueue-webhook"), 20001)
    found = kueue.configuration(ports, tmp_path, kueue.DEFAULTS, CLAIMED.counted)
    assert found["resources"]["deviceClassMappings"] == [
        {
            "name": "deviceclass.resource.kubernetes.io/a100-40gb-1g.5gb.mizan.dev",
            "deviceClassNames": ["a100-40gb-1g.5gb.mizan.dev"],
        }
    ]
