"""Stacks on GKE, and Google's answers under mocks: what a resource has that nobody asked for."""

from typing import Any

import pytest
from pulumi.runtime.mocks import MockResourceArgs

from mizan.capacity import CapacityType
from mizan.catalogue import machines
from mizan.config import ConfigErrors, parse
from mizan.plan import Offer, Plan, build_plan
from mizan.prices import PriceBook, shipped
from tests import mocks
from tests.builders import TODAY, a_pool, a_queue, a_stack
from tests.price_rows import a_price

PROJECT = "ml-platform-test"
STACK = "gke-test"
GKE = {"project": PROJECT, "authorisedNetworks": [{"name": "office", "cidr": "203.0.113.0/24"}]}
ENDPOINT = "34.1.2.3"
ZONE = "us-central1-a"

# What the shipped list has no price of flex-start for.
FLEX_START = {"a2-highgpu-4g": "8.80", "a3-ultragpu-8g": "50.00"}
BOOK = PriceBook(
    (
        *shipped(),
        *(a_price(usd, machine=machine, capacity_type=CapacityType.FLEX_START) for machine, usd in FLEX_START.items()),
    )
)

# The whole pool is one flavor, and GKE chooses among its node pools.
BY_CAPACITY = a_queue(fallback="capacity", quotas=[{"pool": "a100", "gpus": 12}], workload={"maxRunHours": 24})


def a_gke_stack(gke: dict[str, Any] | None = None, **changes: object) -> dict[str, Any]:
    """A stack on GKE: one pool of a2-highgpu-4g, 2 nodes of spot and 1 of on-demand, each counted by itself."""
    return a_stack(cloud="gke", gke=GKE | (gke or {}), addons={"kueue": {"install": "helm"}}) | changes


def a_flex_start_stack(**pool: object) -> dict[str, Any]:
    """A stack whose only pool has 4 nodes of flex-start, and that has no sample job."""
    made = a_pool(**({"capacity": [{"type": "flex-start", "maxNodes": 4}]} | pool))
    return a_gke_stack(
        pools=[made],
        queues=[a_queue(fallback="capacity", quotas=[{"pool": "a100", "gpus": 4 * machines()[made["machine"]].gpus}])],
        jobs=[],
    )


def a_whole_gke_stack(**changes: object) -> dict[str, Any]:
    """A stack with every key of GKE but the names of a VPC that exists, which has its own ranges."""
    gke = {
        "zone": ZONE,
        "nodeZones": [ZONE],
        "releaseChannel": "STABLE",
        "network": {
            "nodesCidr": "10.1.0.0/20",
            "podsCidr": "10.12.0.0/14",
            "servicesCidr": "10.1.16.0/20",
            "controlPlaneCidr": "172.16.1.0/28",
        },
        "secretsKey": f"projects/{PROJECT}/locations/us-central1/keyRings/ring/cryptoKeys/secrets",
        "deletionProtection": False,
        "maintenance": {
            "days": ["FR", "SU"],
            "startHour": 4,
            "hours": 12,
            "exclusions": [
                {"name": "big-run", "start": "2026-11-20", "end": "2027-01-04T06:00:00Z", "scope": "NO_UPGRADES"}
            ],
        },
        "systemPool": {"machine": "n2-standard-4", "minNodes": 2, "maxNodes": 4},
    }
    nodes = {
        "image": "cos",
        "driver": "LATEST",
        "compactPlacement": True,
        "imageStreaming": False,
        "queued": False,
        "maxSurge": 1,
    }
    warm = {"nodes": 1, "schedule": "0 8 * * 1-5", "hours": 10, "timeZone": "Europe/Berlin", "image": "example.com/a:1"}
    return (
        a_gke_stack(
            gke,
            labels={"environment": "test"},
            checkpoints={"region": "us-east1", "retentionDays": 14, "keepOnDestroy": False, "adopt": False},
            pools=[a_pool(zones=[ZONE], warm=warm, gke=nodes)],
        )
        | changes
    )


def a_gke_stack_in_a_given_vpc(**changes: object) -> dict[str, Any]:
    network = {"network": "shared", "subnetwork": "gpu", "podsRange": "pods", "servicesRange": "services"}
    return a_gke_stack({"network": network}, **changes)


def a_gke_plan(values: dict[str, Any] | None = None, stack: str = STACK) -> Plan:
    return build_plan(stack, parse(a_gke_stack() if values is None else values, TODAY, prices=BOOK))


def faults_on_gke(values: dict[str, Any]) -> list[str]:
    """The faults that parse and the plan find, in their order."""
    with pytest.raises(ConfigErrors) as caught:
        a_gke_plan(values)
    return [str(fault) for fault in caught.value.faults]


def the_offer(plan: Plan, name: str) -> Offer:
    (found,) = [offer for offer in plan.offers if offer.name == name]
    return found


def with_answers(monkeypatch: Any) -> None:
    """Let mocked resources at Google have addresses, and whoever runs the program be signed in."""
    plain = mocks._Provider.new_resource

    def new_resource(self: mocks._Provider, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        id_, outputs = plain(self, args)
        answers: dict[str, dict[str, Any]] = {
            "gcp:serviceaccount/account:Account": {"email": f"{args.inputs.get('accountId')}@{PROJECT}.example"},
            "gcp:container/cluster:Cluster": {
                "endpoint": ENDPOINT,
                "masterAuth": {"clusterCaCertificate": "Q0E="},
            },
        }
        return id_, outputs | answers.get(args.typ, {})

    monkeypatch.setattr(mocks._Provider, "new_resource", new_resource)
    monkeypatch.setattr("components.cluster.gke.google_credentials", lambda: "a-file")
