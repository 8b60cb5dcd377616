"""Rules about the network of a cluster on GKE."""

from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import a_pool, a_queue, faults_of
from tests.gke_stacks import a_gke_plan, a_gke_stack, faults_on_gke

GIVEN = {"network": "shared", "subnetwork": "gpu", "podsRange": "pods", "servicesRange": "services"}


def faults_of_network(**network: object) -> list[str]:
    return faults_on_gke(a_gke_stack({"network": network}))


ONE_CHANGE = [
    (
        {"podsCidr": "10.4.0.1/14"},
        (
            "gke.network.podsCidr: 10.4.0.1/14; needs a range that begins at its first address because Google takes no "
            "other. Write `10.4.0.0/14`."
        ),
    ),
    (
        {"nodesCidr": "10.0.300.0/20"},
        (
            "gke.network.nodesCidr: 10.0.300.0/20; needs a range that begins at its first address because no address "
            "has such a number. Write four numbers up to 255 and a length up to 32."
        ),
    ),
    (
        {"servicesCidr": "10.8.0.0/33"},
        (
            "gke.network.servicesCidr: 10.8.0.0/33; needs a range that begins at its first address because no address "
            "has such a number. Write four numbers up to 255 and a length up to 32."
        ),
    ),
    (
        {"servicesCidr": "ten"},
        (
            "gke.network.servicesCidr: ten; needs text that matches ^[0-9]{1,3}(\\.[0-9]{1,3}){3}/[0-9]{1,2}$ because "
            "it must not overlap what the VPC reaches. Write a range such as `10.8.0.0/20`."
        ),
    ),
    (
        {"controlPlaneCidr": "172.16.0.0/24"},
        (
            "gke.network.controlPlaneCidr: 172.16.0.0/24; needs a range of /28 because GKE gives its control plane 16 "
            "addresses, no more and no fewer. Write `172.16.0.0/28`."
        ),
    ),
    (
        {"podsCidr": "10.0.0.0/14"},
        (
            "gke.network.podsCidr: 10.0.0.0/14; needs a range apart from `nodesCidr`, which is 10.0.0.0/20 because an "
            "address must lead to one place. Choose a range that nothing else uses."
        ),
    ),
    (
        {"nodesCidr": "10.8.0.0/20"},
        (
            "gke.network.nodesCidr: 10.8.0.0/20; needs a range apart from `servicesCidr`, which is 10.8.0.0/20 because "
            "an address must lead to one place. Choose a range that nothing else uses."
        ),
    ),
    (
        {"servicesCidr": "10.100.0.0/20", "controlPlaneCidr": "10.100.15.240/28"},
        (
            "gke.network.controlPlaneCidr: 10.100.15.240/28; needs a range apart from `servicesCidr`, which is "
            "10.100.0.0/20 because an address must lead to one place. Choose a range that nothing else uses."
        ),
    ),
    # 3 nodes of the pool, 3 of the system pool, and 1 that its upgrade adds.
    (
        {"podsCidr": "10.4.0.0/22"},
        (
            "gke.network.podsCidr: 10.4.0.0/22; needs room for 7 nodes, a range of /21 because every node takes 256 "
            "addresses for its pods, and a full range stops the autoscaler. Write a range such as `10.4.0.0/21`, or "
            "lower `maxNodes` of the pools."
        ),
    ),
    (
        {"nodesCidr": "10.0.0.0/29"},
        (
            "gke.network.nodesCidr: 10.0.0.0/29; needs room for 7 nodes, a range of /28 because every node takes an "
            "address, and Google keeps 4 for itself. Write a range such as `10.0.0.0/28`, or lower `maxNodes` of the "
            "pools."
        ),
    ),
]


@pytest.mark.parametrize(("network", "told"), ONE_CHANGE, ids=[str(network) for network, _ in ONE_CHANGE])
def test_a_range_that_does_not_fit_says_why(network, told):
    assert faults_of_network(**network) == [f"mizan:{told}"]


@pytest.mark.parametrize(
    "network",
    [{}, {"podsCidr": "10.4.0.0/21"}, {"nodesCidr": "10.0.0.0/28"}, {"controlPlaneCidr": "10.100.0.0/28"}, GIVEN],
)
def test_ranges_that_fit_are_no_fault(network):
    assert a_gke_plan(a_gke_stack({"network": network})).gke is not None


@pytest.mark.parametrize("missing", list(GIVEN))
def test_an_existing_vpc_is_named_whole(missing):
    network = {key: value for key, value in GIVEN.items() if key != missing}
    others = " and ".join(f"`{key}`" for key in network)
    assert faults_of_network(**network) == [
        (
            f"mizan:gke.network.{missing}: nothing; needs a name because nodes, pods and services take their addresses "
            f"from what the VPC has. Add `{missing}`, or remove {others}."
        )
    ]


def test_an_existing_vpc_has_its_own_ranges():
    assert faults_of_network(**GIVEN, nodesCidr="10.0.0.0/20") == [
        (
            "mizan:gke.network.nodesCidr: 10.0.0.0/20; needs no range because an existing VPC has its own. Remove "
            "`nodesCidr`."
        )
    ]
    assert a_gke_plan(a_gke_stack({"network": GIVEN | {"controlPlaneCidr": "10.9.0.0/28"}})).gke is not None


@pytest.mark.parametrize(
    ("cidr", "told"),
    [
        (
            "203.0.113.7/24",
            (
                "203.0.113.7/24; needs a range that begins at its first address because Google takes no other. Write "
                "`203.0.113.0/24`."
            ),
        ),
        (
            "0.0.0.0/0",
            (
                "0.0.0.0/0; needs a range that somebody has because it lets everybody on the internet reach the "
                "control plane. Write the addresses of your office, your VPN or the runner of this program."
            ),
        ),
    ],
)
def test_the_control_plane_is_reached_from_ranges_that_somebody_has(cidr, told):
    networks = [{"name": "home", "cidr": "198.51.100.0/24"}, {"name": "office", "cidr": cidr}]
    assert faults_on_gke(a_gke_stack({"authorisedNetworks": networks})) == [
        f"mizan:gke.authorisedNetworks[1].cidr: {told}"
    ]


def a_stack_of(nodes: int, surge: int = 0, **network: str) -> dict:
    pool = a_pool(capacity=[{"type": "spot", "maxNodes": nodes}], gke={"maxSurge": surge})
    queue = a_queue(fallback="capacity", quotas=[{"pool": "a100", "gpus": 4}])
    return a_gke_stack({"network": network}, pools=[pool], queues=[queue])


def test_nodes_that_an_upgrade_adds_take_addresses_too():
    assert a_gke_plan(a_stack_of(12, podsCidr="10.4.0.0/20")).gke is not None
    (fault,) = faults_on_gke(a_stack_of(12, surge=1, podsCidr="10.4.0.0/20"))
    assert "needs room for 17 nodes, a range of /19 because" in fault


@given(st.integers(1, 1000), st.integers(8, 30))
def test_a_range_that_a_fault_suggests_is_large_enough(nodes, length):
    network = {"podsCidr": str(IPv4Network(f"100.0.0.0/{length}"))}
    values = a_stack_of(nodes, **network)
    if 2 ** (24 - length) >= nodes + 4:
        assert a_gke_plan(values).gke is not None
        return
    (fault,) = faults_on_gke(values)
    suggested = fault.split("`")[1]
    assert IPv4Network(suggested).supernet_of(IPv4Network(network["podsCidr"]))
    assert a_gke_plan(a_stack_of(nodes, podsCidr=suggested)).gke is not None


def test_where_the_cluster_is_another_s_no_range_is_judged():
    faults = faults_of({"cloud": "local", "gke": {"network": 3}})
    assert not [fault for fault in faults if "Cidr" in fault]
