"""The client of a cluster: which one it asks, by which way, how long it waits, and how a failure is told."""

import json
import socket
from time import monotonic

import pytest
from lightkube.resources.core_v1 import Namespace

from mizan.cluster_client import ANSWER_WITHIN_SECONDS, Question, Reached, asking, in_file, in_text
from mizan.config import Cluster
from mizan.errors import PlatformError, SourceUnreachable

QUESTION = Question(needs="its namespaces", because="they are counted", fix="Start it")


def text(server, cluster="prod"):
    return json.dumps(
        {
            "current-context": "prod",
            "contexts": [{"name": "prod", "context": {"cluster": cluster}}],
            "clusters": [{"name": cluster, "cluster": {"server": server}}],
        }
    )


def told(reached, question=QUESTION):
    with pytest.raises(SourceUnreachable) as fault, asking(reached, question) as client:
        list(client.list(Namespace))
    return str(fault.value)


@pytest.fixture
def silent():
    """The address of a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def unheard():
    """An address where nobody listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"


def test_a_failure_tells_the_cluster_its_kubeconfig_and_the_question(unheard, tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")
    why = ": ConnectError: [Errno 111] Connection refused; needs its namespaces because they are counted. Start it."
    assert told(in_text(text(unheard))) == f"cluster {unheard} of kubeconfig of cluster prod{why}"
    path = tmp_path / "kubeconfig"
    path.write_text(text(unheard))
    named = Cluster(kubeconfig=str(path), context="prod", name="prod")
    assert told(in_file(named, is_embedded=False)) == f"cluster {unheard} of kubeconfig {path}{why}"


def test_an_answer_is_waited_for_as_long_as_the_question_says(silent, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")
    quick = Question(needs="an answer", because="somebody waits", fix="Start it", within_seconds=0.05)
    began = monotonic()
    assert f"cluster {silent} of kubeconfig of cluster prod: ReadTimeout: " in told(in_text(text(silent)), quick)
    assert monotonic() - began < ANSWER_WITHIN_SECONDS


def test_no_proxy_of_the_environment_stands_before_the_embedded_cluster(unheard, monkeypatch):
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("HTTP_PROXY", "socks5://127.0.0.1:1")
    found = in_text(text(unheard))
    elsewhere = in_text(text("http://10.0.0.1:6443"))
    assert "ImportError: Using SOCKS proxy, " in told(elsewhere)
    embedded = Reached(named=found.named, document=found.document, path=found.path, is_embedded=True)
    assert ": ConnectError: " in told(embedded)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_no_proxy_of_the_environment_stands_before_a_cluster_behind_a_tunnel_of_this_machine(
    unheard, monkeypatch, host
):
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("HTTP_PROXY", "socks5://127.0.0.1:1")
    assert ": ConnectError: " in told(in_text(text(unheard.replace("127.0.0.1", host))))


def test_a_fault_of_another_kind_passes_as_it_is(unheard):
    def ask() -> None:
        with asking(in_text(text(unheard)), QUESTION):
            raise PlatformError("team a", "has jobs", needs="none", because="they end", fix="Wait")

    with pytest.raises(PlatformError, match=r"^team a: has jobs; needs none because they end\. Wait\.$") as fault:
        ask()
    assert not isinstance(fault.value, SourceUnreachable)


def test_another_cluster_behind_the_context_is_refused_before_anything_is_asked(unheard):
    with (
        pytest.raises(PlatformError, match="cluster other; needs cluster prod") as fault,
        asking(in_text(text(unheard, cluster="other")), QUESTION),
    ):
        pass
    assert fault.value.exit_code == 2
