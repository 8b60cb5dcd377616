"""Real Karpenter on a node that must go, as at a spot notice: who is evicted, who is deleted, and what a job counts.

Karpenter's AWS provider answers a notice by deleting the NodeClaim, which is what these tests do.
Source: aws/karpenter-provider-aws@v1.14.1 pkg/controllers/interruption/utils.go, deleteNodeClaim.
"""

import pytest
from lightkube.generic_resource import create_global_resource
from lightkube.resources.batch_v1 import Job
from lightkube.resources.core_v1 import Pod

from mizan import keys
from tests.control_plane.cluster_builders import NodeClass, NodePool, job, node_pool

pytestmark = pytest.mark.control_plane

NodeClaim = create_global_resource("karpenter.sh", "v1", "NodeClaim", "nodeclaims")

PATIENCE_SECONDS = 90.0
GRACE_SECONDS = 10
INTERRUPTED = {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}


@pytest.fixture
def pool(client):
    """A pool of Karpenter's whose nodes wait for their pods as those on EKS do, only not as long."""
    name = "interrupted"
    body = node_pool(name)
    body["spec"]["template"]["spec"]["terminationGracePeriod"] = f"{GRACE_SECONDS}s"
    client.create(NodeClass({"metadata": {"name": name}, "spec": {}}))
    client.create(body)
    yield name
    client.delete(NodePool, name)
    client.delete(NodeClass, name)


@pytest.fixture
def interrupted(client, namespace, pool, eventually):
    """Run a job on a node, take the node away, and return the job when its pod is gone."""

    def run(name, **annotations):
        client.create(
            job(
                name,
                namespace,
                pool=pool,
                annotations=annotations,
                backoffLimit=3,
                podReplacementPolicy="Failed",
                podFailurePolicy={"rules": [INTERRUPTED]},
            )
        )

        def running():
            pods = client.list(Pod, namespace=namespace, labels={"batch.kubernetes.io/job-name": name})
            return next((pod for pod in pods if pod.status.phase == "Running"), None)

        first = eventually(running, seconds=PATIENCE_SECONDS)

        def claimed():
            claims = client.list(NodeClaim)
            return next((each for each in claims if (each.status or {}).get("nodeName") == first.spec.nodeName), None)

        # The pod may run before Karpenter has noted whose node it is.
        client.delete(NodeClaim, eventually(claimed, seconds=PATIENCE_SECONDS).metadata.name)

        def replaced():
            pod = running()
            return pod is not None and pod.metadata.uid != first.metadata.uid

        eventually(replaced, seconds=PATIENCE_SECONDS)
        return client.get(Job, name, namespace=namespace)

    return run


def test_a_pod_is_evicted_and_its_job_counts_no_failure(interrupted):
    assert not interrupted("plain").status.failed


def test_a_pod_that_must_not_be_disrupted_is_deleted_and_its_job_counts_a_failure(interrupted):
    assert interrupted("kept", **{keys.DO_NOT_DISRUPT: "true"}).status.failed == 1
