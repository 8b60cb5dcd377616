"""Kueue of the program's own chart: what of its settings changes, and where its Services lead."""

from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path

import pytest
from httpx2 import Request, Response
from lightkube import ApiError
from lightkube.resources.core_v1 import ConfigMap, Secret, Service
from rich.console import Console
from ruamel.yaml import YAML

from local import files
from local.control_plane import ControlPlane, installed_kueue, karpenter, kubernetes, objects, pki, processes
from local.control_plane.daemons import (
    DAEMONS,
    INSTALLING_DAEMONS,
    SERVICE_PROXY,
    Site,
    port_names,
)
from local.control_plane.status import look
from local.home import Home
from local.progress import Reporter
from local.toolchain import TOOLS
from mizan.config import Install, KueueAddon
from mizan.errors import PlatformError, SourceUnreachable
from mizan.manifests.kueue_settings import chart_values

PORTS = {name: 20001 + index for index, name in enumerate(port_names(INSTALLING_DAEMONS))}
CHART = YAML(typ="safe").load(
    chart_values(KueueAddon(install=Install.HELM))["managerConfig"]["controllerManagerConfigYaml"]
)


class Tools:
    def path(self, name):
        return Path("tools") / name


class Cluster:
    """What a client would find: objects by name."""

    def __init__(self, **objects_):
        self.objects = {name.replace("_", "-"): found for name, found in objects_.items()}

    def get(self, _, name, namespace):
        assert namespace == "kueue-system"
        if name in self.objects:
            return self.objects[name]
        body = {"code": 404, "message": f"{name} not found"}
        raise ApiError(response=Response(404, json=body, request=Request("GET", "http://cluster")))


@pytest.fixture
def site(tmp_path):
    return Site(Home(tmp_path), PORTS, Tools(), installs_kueue=True)


def service(address):
    return Service.from_dict({"spec": {"clusterIP": address, "ports": [{"port": 443, "targetPort": 9443}]}})


def settings(text):
    return ConfigMap.from_dict({"data": {"controller_manager_config.yaml": text}})


def secret(**data):
    return Secret.from_dict({"data": {name.replace("_", "."): b64encode(text).decode() for name, text in data.items()}})


def a_chart(**changes):
    held = {
        "kueue_manager_config": settings(files.to_yaml(CHART)),
        "kueue_controller_manager": object(),
        "kueue_webhook_service": service("10.96.0.7"),
        "kueue_visibility_server": service("10.96.0.8"),
    }
    return Cluster(**{name: found for name, found in (held | changes).items() if found})


def flags(command):
    return dict(argument.removeprefix("--").partition("=")[::2] for argument in command.arguments[1:])


def test_only_addresses_differ_from_the_charts_own_settings():
    outside = installed_kueue.configuration(CHART, PORTS, Path("serving"))
    assert {key: outside[key] for key in CHART if outside[key] != CHART[key]} == {
        "health": {"healthProbeBindAddress": f"127.0.0.1:{PORTS['kueue']}"},
        "metrics": {"bindAddress": f"127.0.0.1:{PORTS['kueue-metrics']}", "enableClusterQueueResources": True},
        "webhook": {"host": "127.0.0.1", "port": PORTS["kueue-webhook"], "certDir": "serving"},
        "leaderElection": {"leaderElect": False, "resourceName": "c1f6bfd2.kueue.x-k8s.io"},
    }
    added = {"visibilityServer": {"bindAddress": "127.0.0.1", "bindPort": PORTS["kueue-visibility"]}}
    assert {key: outside[key] for key in outside if key not in CHART} == added


def test_an_installed_chart_is_followed_with_its_routes(site):
    assert installed_kueue.write_files(a_chart(), site)
    assert YAML(typ="safe").load(site.service_routes.read_text()) == {
        "10.96.0.7:443": PORTS["kueue-webhook"],
        "10.96.0.8:443": PORTS["kueue-visibility"],
    }
    written = YAML(typ="safe").load(site.kueue_configuration.read_text())
    assert written == installed_kueue.configuration(CHART, PORTS, site.home.pki / "kueue-serving")


@pytest.mark.parametrize("gone", ["kueue_manager_config", "kueue_controller_manager"])
def test_a_chart_that_is_gone_leaves_no_routes(site, gone):
    assert installed_kueue.write_files(a_chart(), site)
    assert not installed_kueue.write_files(a_chart(**{gone: None}), site)
    assert site.service_routes.read_text() == "{}\n"


@pytest.mark.parametrize("text", ["", "- a\n", "a: [", "word"])
def test_settings_that_are_none_are_told_with_the_object_they_stand_in(site, text):
    told = "ConfigMap kueue-system/kueue-manager-config: no mapping under controller_manager_config.yaml"
    with pytest.raises(PlatformError, match=told):
        installed_kueue.write_files(a_chart(kueue_manager_config=settings(text)), site)


def test_the_secret_lies_where_kueue_serves_from_and_goes_with_it(site):
    serving = installed_kueue.serving_folder(site)
    filled = Cluster(kueue_webhook_server_cert=secret(ca_crt=b"a", tls_crt=b"b", tls_key=b"c"))
    assert installed_kueue.mount(filled, site)
    assert {file.name: file.read_bytes() for file in serving.iterdir()} == {"tls.crt": b"b", "tls.key": b"c"}
    assert {file.stat().st_mode & 0o077 for file in serving.iterdir()} == {0}
    assert not installed_kueue.mount(Cluster(kueue_webhook_server_cert=secret()), site)
    assert list(serving.iterdir()) == []


def test_a_secret_that_stays_empty_is_told(site):
    with pytest.raises(SourceUnreachable, match="Secret kueue-system/kueue-webhook-server-cert: still empty after 0 s"):
        installed_kueue.wait_mounted(Cluster(), site, timeout_seconds=0, must_live=lambda: None)


def test_a_kueue_that_ends_before_it_has_filled_the_secret_is_told_at_once(site):
    def must_live():
        raise PlatformError("kueue", "ended", needs="to stay up", because="of this test", fix="None")

    with pytest.raises(PlatformError, match="kueue: ended"):
        installed_kueue.wait_mounted(Cluster(), site, timeout_seconds=60, must_live=must_live)


def test_kueues_own_api_reads_the_flag_and_its_certificate_stays_in_the_home(site):
    given = flags(installed_kueue.command(site))
    assert given["kubeconfig"] == str(site.home.kubeconfig)
    # From the folder in which a process runs: its home.
    assert "-X sigs.k8s.io/kueue/pkg/visibility.certDir=state/kueue-visibility" in TOOLS["kueue"].ldflags


def test_only_a_cluster_whose_program_installs_kueue_reaches_services_by_the_proxy(site):
    reaching = flags(kubernetes.api_server(site))
    usual = flags(kubernetes.api_server(Site(site.home, PORTS, Tools())))
    assert set(reaching) - set(usual) == {
        "egress-selector-config-file",
        "proxy-client-cert-file",
        "proxy-client-key-file",
        "requestheader-allowed-names",
        "requestheader-client-ca-file",
        "requestheader-extra-headers-prefix",
        "requestheader-group-headers",
        "requestheader-username-headers",
    }
    assert {name: reaching[name] for name in usual} == usual
    usual_manager = flags(kubernetes.controller_manager(Site(site.home, PORTS, Tools())))
    assert set(flags(kubernetes.controller_manager(site))) - set(usual_manager) == {"controllers"}


def test_the_proxy_is_reached_with_tls_at_its_own_port(site):
    kubernetes.write_egress_configuration(site)
    document = YAML(typ="safe").load(site.egress_configuration.read_text())
    (selection,) = document["egressSelections"]
    assert (selection["name"], selection["connection"]["proxyProtocol"]) == ("cluster", "HTTPConnect")
    tcp = selection["connection"]["transport"]["tcp"]
    assert tcp["url"] == f"https://127.0.0.1:{PORTS['service-proxy']}"
    assert set(tcp["tlsConfig"]) == {"caBundle", "clientCert", "clientKey"}
    assert str(PORTS["service-proxy"]) in kubernetes.service_proxy(site).arguments


def test_every_name_is_known_to_what_ends_processes():
    assert set(INSTALLING_DAEMONS) == {*DAEMONS, "service-proxy"}
    assert list(INSTALLING_DAEMONS).index("service-proxy") < list(INSTALLING_DAEMONS).index("kube-apiserver")


def test_the_proxy_has_a_row_only_where_it_runs(tmp_path):
    home = Home(tmp_path / "home")
    home.create()
    assert [row.name for row in look(home)] == list(DAEMONS)
    process = processes.start(home, processes.Command(SERVICE_PROXY.name, ("/bin/sleep", "60")))
    try:
        assert [row.name for row in look(home)] == list(INSTALLING_DAEMONS)
    finally:
        processes.end([process], grace_seconds=5)


def test_two_kueues_for_one_cluster_are_refused(tmp_path):
    with pytest.raises(ValueError, match="a cluster whose program installs Kueue gets no other"):
        ControlPlane(Home(tmp_path / "home"), None, Reporter(Console(quiet=True)), installs_kueue=True)


def test_a_cluster_with_a_kueue_of_its_own_follows_none(tmp_path):
    plane = ControlPlane(Home(tmp_path / "home"), None, Reporter(Console(quiet=True)))
    with pytest.raises(ValueError, match="only a control plane with installs_kueue follows one"):
        plane.follow_installed_kueue()


def crd(name, group, **metadata):
    return {"kind": "CustomResourceDefinition", "metadata": {"name": name, **metadata}, "spec": {"group": group}}


def test_karpenters_crds_are_left_to_its_chart_and_those_of_simulated_machines_are_not():
    made = karpenter.released(crd("nodepools.karpenter.sh", "karpenter.sh", annotations={"version": "1"}))
    assert made["metadata"] == {
        "name": "nodepools.karpenter.sh",
        "labels": {"app.kubernetes.io/managed-by": "Helm"},
        "annotations": {
            "version": "1",
            "meta.helm.sh/release-name": "karpenter-crd",
            "meta.helm.sh/release-namespace": "kube-system",
        },
    }
    simulated = crd("kwoknodeclasses.karpenter.kwok.sh", "karpenter.kwok.sh")
    assert karpenter.released(simulated) == simulated


def test_what_a_release_has_is_left_to_it():
    class Held:
        def __init__(self, name, **annotations):
            self.metadata = type("Metadata", (), {"name": name, "annotations": annotations})

    class Holding:
        def list(self, *_, **__):
            return [Held("a.test", **{"meta.helm.sh/release-name": "karpenter-crd"}), Held("b.test")]

    manifests = [crd("a.test", "test"), crd("b.test", "test"), crd("c.test", "test")]
    left = objects.unreleased(Holding(), manifests)
    assert [manifest["metadata"]["name"] for manifest in left] == ["b.test", "c.test"]


def test_certificates_for_services_are_made_only_where_they_are_asked_for(tmp_path):
    now = datetime(2026, 11, 23, tzinfo=UTC)
    assert not {"service-proxy", "front-proxy"} & set(pki.ensure(tmp_path, now=now))
    both = (*pki.REQUESTS, *pki.SERVICE_REQUESTS)
    made = pki.ensure(tmp_path, now=now, requests=both)
    assert made == ("service-proxy", "service-proxy-client", "front-proxy-ca", "front-proxy")
    assert pki.ensure(tmp_path, now=now, requests=both) == ()
