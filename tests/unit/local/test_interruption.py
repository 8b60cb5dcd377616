"""An interruption without a cluster; what it does in one is in tests/control_plane/test_simulation.py."""

import pytest
from lightkube import Client, KubeConfig
from lightkube.config.models import Cluster, User

from local.control_plane.interruption import interrupt
from mizan.errors import SourceUnreachable


def a_config():
    """A kubeconfig whose server nobody listens for."""
    return KubeConfig.from_one(cluster=Cluster("http://127.0.0.1:1"), user=User()).get()


def test_a_cluster_that_does_not_answer_is_told():
    told = r"^node n1: a request failed \(ConnectError: .*\); needs an API server that answers .* See `make status`"
    with (
        Client(a_config(), trust_env=False) as client,
        pytest.raises(SourceUnreachable, match=told),
    ):
        interrupt(client, "n1")
