"""Command lines: everything on 127.0.0.1, nothing of the user's own, stages that spell annotations as the rest does."""

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from local.control_plane import karpenter, kubernetes, kueue, kwok, pki
from local.control_plane.daemons import DAEMONS, PORT_NAMES, TOOLS, Site
from local.home import Home
from local.toolchain import specs
from mizan import keys

PORTS = {name: 20001 + index for index, name in enumerate(PORT_NAMES)}
COMMANDS = (
    kubernetes.etcd,
    kubernetes.api_server,
    kubernetes.controller_manager,
    kubernetes.scheduler,
    kwok.command,
    karpenter.command,
)


class Tools:
    def path(self, name):
        return Path("tools") / name


@pytest.fixture
def site(tmp_path):
    return Site(Home(tmp_path), PORTS, Tools())


def flags(command):
    return dict(argument.removeprefix("--").partition("=")[::2] for argument in command.arguments[1:])


def test_each_process_is_named_in_the_order_in_which_they_need_each_other():
    assert list(DAEMONS)[:2] == ["etcd", "kube-apiserver"]
    assert len(set(PORT_NAMES)) == len(PORT_NAMES)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_address_is_on_this_machine(site, command):
    text = " ".join(command(site).arguments)
    assert set(re.findall(r"\d+\.\d+\.\d+\.\d+(?!/)", text)) <= {"127.0.0.1", "10.96.0.0"}
    assert "0.0.0.0" not in text


@pytest.mark.parametrize("command", COMMANDS)
def test_every_process_is_told_its_own_ports(site, command):
    made = command(site)
    told = " ".join((*made.arguments, *made.environment.values()))
    for name in DAEMONS[made.name].ports:
        assert str(PORTS[name]) in told, name


def test_every_process_is_one_of_the_tools_that_can_be_built(site):
    assert set(TOOLS) < set(specs.TOOLS)
    run = {Path(command(site).arguments[0]).name for command in (*COMMANDS, kueue.command)}
    assert run == set(TOOLS)


def test_etcd_answers_holders_of_a_certificate_alone(site):
    given = flags(kubernetes.etcd(site))
    assert "client-cert-auth" in given
    assert "peer-client-cert-auth" in given
    assert given["listen-client-urls"] == f"https://127.0.0.1:{PORTS['etcd']}"


def test_the_controller_manager_may_make_pods_faster_than_by_default(site):
    given = flags(kubernetes.controller_manager(site))
    assert (given["kube-api-qps"], given["kube-api-burst"]) == ("300", "500")


def test_kwok_reads_no_configuration_of_the_users_own(site):
    command = kwok.command(site)
    assert Path(command.environment["KWOK_WORKDIR"]).is_relative_to(site.home.root)
    assert flags(command)["manage-nodes-with-annotation-selector"] == "kwok.x-k8s.io/node=fake"


def test_the_api_server_starts_anew_when_either_half_of_the_token_key_changes(site):
    command = kubernetes.api_server(site)
    given = flags(command)
    for flag in ("service-account-key-file", "service-account-signing-key-file"):
        assert Path(given[flag]) in command.inputs


def test_karpenter_starts_anew_when_its_machines_change(site):
    assert site.instance_types in karpenter.command(site).inputs


def test_machines_are_kept_until_others_are_given(site):
    karpenter.write_instance_types(site, None)
    assert site.instance_types.read_text() == "[]\n"
    karpenter.write_instance_types(site, [{"name": "a"}])
    given = site.instance_types.read_text()
    karpenter.write_instance_types(site, None)
    assert site.instance_types.read_text() == given
    karpenter.write_instance_types(site, [])
    assert site.instance_types.read_text() == "[]\n"


def test_the_kubeconfig_is_whole_and_names_its_context(site):
    for name in ("ca", "admin"):
        pki.certificate(site.home.pki, name).parent.mkdir(exist_ok=True)
        pki.certificate(site.home.pki, name).write_text("certificate")
        pki.private_key(site.home.pki, name).write_text("key")
    config = kubernetes.kubeconfig(site)
    assert config["current-context"] == keys.LOCAL_CONTEXT == "mizan-local"
    (cluster,) = config["clusters"]
    assert cluster["cluster"]["server"] == f"https://127.0.0.1:{PORTS['kube-apiserver']}"
    assert str(site.home.root) not in str(config), "a copy would point back into the home"


def stages():
    return [stage for file in kwok.STAGES for stage in YAML(typ="safe").load_all(file)]


def test_every_stage_is_for_a_pod_or_a_node_and_has_a_name_of_its_own():
    assert {stage["spec"]["resourceRef"]["kind"] for stage in stages()} == {"Node", "Pod"}
    names = [stage["metadata"]["name"] for stage in stages()]
    assert len(set(names)) == len(names)


def test_stages_read_the_annotations_that_manifests_write():
    read = set(re.findall(r"mizan\.dev/[a-z-]+", "".join(file.read_text() for file in kwok.STAGES)))
    assert read == {
        keys.SIMULATED_RUN_SECONDS,
        keys.SIMULATED_START_SECONDS,
        keys.SIMULATED_EXIT_CODE,
        keys.SIMULATED_GPUS,
        keys.SIMULATED_RESOURCES,
    }
