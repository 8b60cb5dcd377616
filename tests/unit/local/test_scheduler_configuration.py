"""The scheduler of a home: told to pack by a file of its own, and started anew when that changes."""

import stat
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from local.control_plane import kubernetes
from local.control_plane.daemons import PORT_NAMES, Site
from local.home import Home
from mizan.manifests.packing import scheduler_configuration

PORTS = {name: 20001 + index for index, name in enumerate(PORT_NAMES)}


class Tools:
    def path(self, name):
        return Path("tools") / name


@pytest.fixture
def site(tmp_path):
    return Site(Home(tmp_path / "home"), PORTS, Tools())


def test_the_file_packs_and_finds_the_api_server_by_the_home_s_kubeconfig(site):
    kubernetes.write_scheduler_configuration(site)
    file = site.scheduler_configuration
    assert YAML(typ="safe").load(file) == scheduler_configuration(str(site.home.kubeconfig))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.is_relative_to(site.home.state)


def test_the_scheduler_starts_anew_when_its_file_or_its_kubeconfig_changes(site):
    assert {site.scheduler_configuration, site.home.kubeconfig} < set(kubernetes.scheduler(site).inputs)


def test_flags_that_a_scheduler_with_a_file_ignores_are_not_given(site):
    given = {argument.partition("=")[0] for argument in kubernetes.scheduler(site).arguments}
    assert "--config" in given
    assert not {"--kubeconfig", "--profiling", "--kube-api-qps", "--kube-api-burst"} & given


def test_the_scheduler_serves_on_this_machine_alone_by_the_home_s_own_certificate(site):
    given = dict(argument.partition("=")[::2] for argument in kubernetes.scheduler(site).arguments)
    assert given["--bind-address"] == "127.0.0.1"
    assert given["--secure-port"] == str(PORTS["kube-scheduler"])
    assert Path(given["--tls-private-key-file"]).is_relative_to(site.home.pki)
