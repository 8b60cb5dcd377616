"""A cluster of a kubeconfig: the wrong one is refused before anything is registered."""

import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pulumi
import pytest
from ruamel.yaml import YAML

from components.cluster.existing import ExistingCluster, ExistingClusterArgs, checked_kubeconfig
from mizan.config import Cluster
from mizan.errors import PlatformError, SourceUnreachable
from tests.mocks import PROVIDER


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    for variable in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def listening() -> Iterator[int]:
    """A port that answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def closed() -> Iterator[int]:
    """A port that nothing listens on, kept so that nobody else takes it meanwhile."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


@pytest.fixture
def kubeconfig(tmp_path):
    """Write a kubeconfig whose context `prod` points at `prod-cluster` at a server."""

    def write(server: str, **cluster: Any) -> Cluster:
        path = tmp_path / "kubeconfig"
        document = {
            "contexts": [{"name": "prod", "context": {"cluster": "prod-cluster", "user": "me"}}],
            "clusters": [{"name": "prod-cluster", "cluster": {"server": server, **cluster}}],
        }
        YAML().dump(document, path)
        return wanted(path)

    return write


def wanted(path: Path | str, context: str = "prod", name: str = "prod-cluster") -> Cluster:
    return Cluster(kubeconfig=str(path), context=context, name=name)


def refusal_of(cluster: Cluster) -> PlatformError:
    with pytest.raises(PlatformError) as caught:
        checked_kubeconfig(cluster)
    return caught.value


def test_the_right_cluster_that_answers_is_taken(kubeconfig, listening, tmp_path):
    assert checked_kubeconfig(kubeconfig(f"https://127.0.0.1:{listening}")) == tmp_path / "kubeconfig"


def test_a_home_folder_is_written_as_people_write_it(kubeconfig, listening, tmp_path, monkeypatch):
    kubeconfig(f"127.0.0.1:{listening}")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert checked_kubeconfig(wanted("~/kubeconfig")) == tmp_path / "kubeconfig"


@pytest.mark.parametrize(
    ("name", "observed"),
    [("none", "No such file or directory"), ("", "Is a directory"), ("binary", "not YAML"), ("control", "not YAML"),
     ("broken", "not YAML"), ("date", "not YAML"), ("nul\0", "not YAML")],
)  # fmt: skip
def test_a_kubeconfig_that_cannot_be_read_says_why(tmp_path, name, observed):
    (tmp_path / "binary").write_bytes(b"\x7fELF\xff\xfe")
    (tmp_path / "control").write_bytes(b"\x00\x01")
    (tmp_path / "broken").write_text("clusters: [")
    (tmp_path / "date").write_text("clusters: 2024-99-99")
    error = refusal_of(wanted(f"{tmp_path}/{name}"))
    assert (error.where, error.exit_code) == (f"kubeconfig {Path(f'{tmp_path}/{name}')}", 2)
    assert str(error).endswith(
        f": {observed}; needs a readable kubeconfig because the cluster is reached through it. "
        "Write the path of your kubeconfig to mizan:cluster.kubeconfig."
    )


def test_a_user_without_a_home_is_no_crash():
    assert refusal_of(wanted("~nosuchuser/kubeconfig")).observed == "No such file or directory"


def test_a_wrong_context_is_refused_with_those_there_are(kubeconfig, listening):
    cluster = kubeconfig(f"https://127.0.0.1:{listening}")
    error = refusal_of(wanted(cluster.kubeconfig, context="dev"))
    assert "no context dev; needs the context that the stack names" in str(error)
    assert str(error).endswith("Write one of these to mizan:cluster.context: prod.")


def test_a_wrong_cluster_is_refused_by_name(kubeconfig, listening):
    cluster = kubeconfig(f"https://127.0.0.1:{listening}")
    error = refusal_of(wanted(cluster.kubeconfig, name="dev-cluster"))
    assert "context prod: cluster prod-cluster; needs cluster dev-cluster because this stack must not change" in str(
        error
    )


def test_a_cluster_that_nothing_answers_for_is_unreachable(kubeconfig, closed):
    cluster = kubeconfig(f"https://127.0.0.1:{closed}")
    error = refusal_of(cluster)
    assert isinstance(error, SourceUnreachable)
    assert error.exit_code == 3
    assert str(error) == (
        f"cluster https://127.0.0.1:{closed} of kubeconfig {cluster.kubeconfig}: [Errno 111] Connection refused; needs "
        "an answer within 5 s because nothing can be planned against a cluster that cannot be read. "
        "Start the cluster or the network to it, or correct the kubeconfig."
    )


def test_a_host_name_that_cannot_be_one_is_unreachable(kubeconfig):
    error = refusal_of(kubeconfig(f"https://{'a' * 70}.example:6443"))
    assert isinstance(error, SourceUnreachable)


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy"])
def test_behind_a_proxy_no_direct_line_is_tried(kubeconfig, closed, monkeypatch, variable, tmp_path):
    monkeypatch.setenv(variable, "http://proxy.example:3128")
    assert checked_kubeconfig(kubeconfig(f"https://127.0.0.1:{closed}")) == tmp_path / "kubeconfig"


def test_behind_a_proxy_of_its_own_no_direct_line_is_tried(kubeconfig, closed, tmp_path):
    cluster = kubeconfig(f"https://127.0.0.1:{closed}", **{"proxy-url": "socks5://127.0.0.1:1080"})
    assert checked_kubeconfig(cluster) == tmp_path / "kubeconfig"


@pytest.mark.parametrize(
    "server", ["https://", "https://:6443", "https://host:99999", "https://[::1", "https://host:x"]
)
def test_an_address_that_is_none_is_refused_before_it_is_tried(kubeconfig, server):
    error = refusal_of(kubeconfig(server))
    assert not isinstance(error, SourceUnreachable)
    assert f": server {server}; needs an address such as https://10.0.0.1:6443 because there is nothing" in str(error)


def test_the_component_gives_a_provider_of_that_context(deploy, kubeconfig, listening):
    cluster = kubeconfig(f"https://127.0.0.1:{listening}")
    component, provider = deploy(lambda: ExistingCluster("x", ExistingClusterArgs(cluster=cluster)))
    assert (component.typ, component.inputs) == ("mizan:components:ExistingCluster", {"context": "prod"})
    assert (provider.typ, provider.name, provider.parent) == (PROVIDER, "x-provider", component.urn)
    assert provider.inputs == {"kubeconfig": cluster.kubeconfig, "context": "prod"}


def test_the_wrong_cluster_ends_the_program_with_its_message_before_anything_is_registered(deploy, kubeconfig):
    cluster = wanted(kubeconfig("https://127.0.0.1:1").kubeconfig, name="dev-cluster")
    with pytest.raises(pulumi.RunError, match=re.escape("cluster prod-cluster; needs cluster dev-cluster")):
        deploy(lambda: ExistingCluster("x", ExistingClusterArgs(cluster=cluster)))
