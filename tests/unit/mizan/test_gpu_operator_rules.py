"""What a stack may say of NVIDIA's GPU operator, and what of it is refused, with the reason."""

import pytest

from tests.builders import a_config, a_pool, a_stack, an_existing_stack, faults_of
from tests.eks_stacks import an_eks_stack, eks_pool
from tests.gke_stacks import a_gke_plan, a_gke_stack, faults_on_gke
from tests.operator_stacks import DISABLED, HELM, UBUNTU, of_pools, operated
from tests.sharing_stacks import TURNS, kept

EXTERNAL = {"install": "external"}
WHOLE_DEVICES = {"mode": "dra"}


def on_eks(operator, *pools):
    return an_eks_stack(**of_pools(*(pools or (eks_pool(),)), operator=operator))


def on_gke(operator, *pools):
    return a_gke_stack(**of_pools(*(pools or (a_pool(),)), operator=operator))


def elsewhere(operator, *pools):
    return an_existing_stack(**of_pools(*(pools or (a_pool(),)), operator=operator))


@pytest.mark.parametrize("version", ["v26.3.3", "v25.10.1", "v26.8.0", "v27.1.0"])
def test_a_version_for_which_our_values_do_not_hold_is_refused(version):
    (fault,) = faults_of(on_eks({"version": version}))
    assert fault == (
        f"mizan:addons.gpuOperator.version: {version}; needs v26.7.0 or newer, below v26.8.0 because settings of its "
        "chart come and go from one release to the next, and Helm passes over those that it does not know. Write "
        "`v26.7.0`, or leave it out."
    )


@pytest.mark.parametrize("version", ["v26.7.0", "v26.7.10"])
def test_a_version_for_which_they_hold_is_taken(version):
    assert a_config(on_eks({"version": version})).addons.gpu_operator.version == version


@pytest.mark.parametrize("version", ["26.7.0", "v26.7", "latest"])
def test_what_is_no_version_of_the_operator_s_is_one_fault(version):
    (fault,) = faults_of(on_eks({"version": version}))
    assert fault.startswith(f"mizan:addons.gpuOperator.version: {version}; ")


def test_a_shared_pool_in_somebody_else_s_cluster_says_who_shares_it():
    shared = a_pool(sharing=TURNS)
    (fault,) = faults_of(elsewhere(None, shared))
    assert fault == (
        "mizan:pools[0].sharing.mode: time-slicing; needs `addons.gpuOperator` because NVIDIA's operator shares GPUs, "
        "and nothing is installed unasked in a cluster that was there before. Add `gpuOperator: {install: external}` "
        "to the addons if it is there already, else `helm`."
    )
    for operator in (HELM, EXTERNAL):
        assert a_config(elsewhere(operator, shared)).addons.gpu_operator.install == operator["install"]
    assert a_config(elsewhere(None)).addons.gpu_operator is None


@pytest.mark.parametrize("operator", [HELM, {}])
def test_the_embedded_cluster_takes_no_operator(operator):
    addons = {"kueue": EXTERNAL, "gpuOperator": operator}
    (fault,) = faults_of(a_stack(addons=addons))
    assert fault.startswith("mizan:addons.gpuOperator.install: helm; needs external because nodes of the embedded")
    assert a_config(a_stack(addons={"kueue": EXTERNAL, "gpuOperator": EXTERNAL})).addons.gpu_operator is not None


@pytest.mark.parametrize(
    ("key", "value"), [("chart", "oci://mirror/x"), ("version", "v26.7.0"), ("driver", {"install": True})]
)
def test_what_only_an_installer_decides_is_refused_where_somebody_else_installs(key, value):
    (fault,) = faults_of(elsewhere(EXTERNAL | {key: value}))
    assert fault.startswith(f"mizan:addons.gpuOperator.{key}: ")
    assert "needs nothing with `install: external`" in fault
    assert a_config(elsewhere(HELM | {key: value})).addons.gpu_operator is not None


@pytest.mark.parametrize(
    ("stack", "seen", "because"),
    [
        (on_eks({"driver": {"install": True}}), "true; needs false", "the image of EKS's nodes has the driver"),
        (on_gke({"driver": {"install": True}}, operated()), "true; needs false", "Google's own installer"),
        (on_gke({"driver": {"install": False}}, operated(gke=UBUNTU)), "false; needs true", "GKE installs no driver"),
    ],
)
def test_a_node_has_one_driver(stack, seen, because):
    (fault,) = faults_of(stack)
    assert fault.startswith(f"mizan:addons.gpuOperator.driver.install: {seen}")
    assert because in fault


@pytest.mark.parametrize(
    "stack",
    [
        on_eks({"driver": {"install": False}}),
        on_gke({"driver": {"install": False}}, operated()),
        on_gke({"driver": {"install": True}}, operated(gke=UBUNTU)),
        elsewhere({"driver": {"install": True}}),
        elsewhere({"driver": {"install": False}}),
    ],
)
def test_what_is_so_anyway_may_be_said(stack):
    assert a_config(stack).addons.gpu_operator is not None


@pytest.mark.parametrize(
    "stack",
    [
        on_eks({"driver": {"version": "580.126.16"}}),
        on_gke({"driver": {"version": "580.126.16"}}, operated()),
        elsewhere({"driver": {"install": False, "version": "580.126.16"}}),
    ],
)
def test_a_version_of_a_driver_that_nobody_installs_is_refused(stack):
    (fault,) = faults_of(stack)
    assert fault.startswith("mizan:addons.gpuOperator.driver.version: 580.126.16; needs nodes on which the operator")
    assert ("image: ubuntu" in fault) is (stack["cloud"] == "gke")


def test_a_driver_that_answers_no_claims_is_refused_where_pods_claim():
    claimed = a_pool(sharing=WHOLE_DEVICES, capacity=kept())
    (fault,) = faults_of(elsewhere(HELM | {"driver": {"version": "570.172.08"}}, claimed))
    assert fault == (
        "mizan:addons.gpuOperator.driver.version: 570.172.08; needs 580 or newer with `mode: dra` because NVIDIA's DRA "
        "driver, which answers claims of devices, works with no older one. Write a version such as `580.126.16`, or "
        "leave it out."
    )
    for version, pool in (("580.65", claimed), ("570.172.08", a_pool(sharing=TURNS))):
        a_config(elsewhere(HELM | {"driver": {"version": version}}, pool))
    on_ubuntu = operated(sharing=WHOLE_DEVICES, gke=UBUNTU)
    (fault,) = faults_on_gke(on_gke({"driver": {"version": "579.99.1"}}, on_ubuntu))
    assert fault.startswith("mizan:addons.gpuOperator.driver.version: 579.99.1; needs 580 or newer")


@pytest.mark.parametrize(
    "operator",
    [EXTERNAL | {"driver": {"version": "570.172.08"}}, {"driver": {"install": False, "version": "570.172.08"}}],
)
def test_an_old_driver_that_the_operator_does_not_install_is_one_fault(operator):
    (fault,) = faults_of(elsewhere(operator, a_pool(sharing=WHOLE_DEVICES, capacity=kept())))
    assert "580 or newer" not in fault


def test_on_ubuntu_the_driver_is_the_operator_s():
    for gke in ({"image": "ubuntu"}, {"image": "ubuntu", "driver": "LATEST"}):
        (fault,) = faults_on_gke(a_gke_stack(pools=[a_pool(gke=gke)]))
        assert f"pools[0].gke.driver: {gke.get('driver', 'DEFAULT')}; needs INSTALLATION_DISABLED" in fault
    assert a_gke_plan(a_gke_stack(pools=[a_pool(gke=UBUNTU)])).pools[0].gke.image == "ubuntu"


def test_only_container_optimized_os_streams_images():
    (fault,) = faults_on_gke(a_gke_stack(pools=[a_pool(gke=UBUNTU | {"imageStreaming": True})]))
    assert fault.startswith("mizan:pools[0].gke.imageStreaming: true; needs image cos")
    a_gke_plan(a_gke_stack(pools=[a_pool(gke=UBUNTU | {"imageStreaming": False})]))


def test_nodes_that_the_operator_sets_up_have_one_image():
    (fault,) = faults_on_gke(on_gke(None, operated("one"), operated("two", gke=UBUNTU)))
    assert fault == (
        "mizan:pools[1].gke.image: ubuntu; needs cos, as in pool one because the operator is told once, for all nodes "
        "it sets up, where their driver comes from. Write `image: cos`, or let GKE set one of the pools up."
    )
    a_gke_plan(on_gke(None, a_pool(), operated("two", gke=UBUNTU)))
    a_gke_plan(on_gke(None, operated("one", gke=DISABLED), operated("two")))
