"""Where at Google a stack's cluster stands, and what its parts are called there."""

import re
from dataclasses import dataclass
from typing import Any

from mizan.config import Gke
from mizan.errors import PlatformError
from mizan.plan import Plan

# Arguments of a resource, in the SDK's own names. Values that only Google knows are put in as they come.
Arguments = dict[str, Any]

# A cluster takes 40 characters, a service account 30, and ours ends in `-nodes`.
# Source: hashicorp/terraform-provider-google-beta@93c65b2 google-beta/services/container/resource_container_cluster.go
# and website/docs/r/google_service_account.html.markdown, account_id.
NAME_LENGTH = 24
NAME_PATTERN = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")


@dataclass(frozen=True, kw_only=True)
class Site:
    """What the names of a stack's resources begin with, and where they lie.

    Attributes:
        cluster: the cluster's name, which is the stack's.
        location: of the cluster: its zone where it is zonal, else its region.
        zones: of its nodes, where a pool does not say it; empty leaves them to GKE.
    """

    cluster: str
    project: str
    region: str
    location: str
    zones: tuple[str, ...]

    @property
    def node_account(self) -> str:
        """Return the id of the service account that the nodes run as."""
        return f"{self.cluster}-nodes"

    @property
    def identifier(self) -> str:
        """Return what tells the cluster from every other, as gcloud writes it into a kubeconfig."""
        return f"gke_{self.project}_{self.location}_{self.cluster}"

    @property
    def workload_pool(self) -> str:
        """Return the pool in which Kubernetes service accounts have an identity at Google."""
        return f"{self.project}.svc.id.goog"


def gke_of(plan: Plan) -> Gke:
    """Return the cluster of a stack on GKE.

    Raises:
        ValueError: the stack is not on GKE.
    """
    if plan.gke is None:
        message = f"stack {plan.stack} is not on GKE"
        raise ValueError(message)
    return plan.gke


def site_of(plan: Plan) -> Site:
    """Return where a stack on GKE stands.

    Raises:
        PlatformError: the stack's name makes no name of a cluster.
    """
    gke = gke_of(plan)
    if not NAME_PATTERN.fullmatch(plan.stack) or len(plan.stack) > NAME_LENGTH:
        raise PlatformError(
            f"stack {plan.stack}",
            plan.stack,
            needs=f"small letters, digits and dashes, a letter first, at most {NAME_LENGTH} of them",
            because="the cluster and the service account of its nodes bear the stack's name, and Google takes no other",
            fix="Make a stack with a shorter or simpler name, such as `gke-prod`",
        )
    return Site(
        cluster=plan.stack,
        project=gke.project,
        region=plan.region,
        location=gke.zone or plan.region,
        zones=gke.node_zones,
    )
