"""What gets the pods of add-ons onto the nodes of pools."""

from mizan.config import Cloud
from mizan.manifests.dcgm_exporter import chart_values as values_of_exporter
from mizan.manifests.gpu_operator import chart_values as values_of_operator
from mizan.manifests.manifest import tolerations_of_pools
from tests.builders import a_pool
from tests.dcgm_stacks import a_pool_of_the_operator_s, measured_on_gke
from tests.operator_stacks import HELM, elsewhere

ON_DEMAND = a_pool(capacity=[{"type": "on-demand", "maxNodes": 2}])


def keys_of(tolerations):
    assert all((each["operator"], each["effect"]) == ("Exists", "NoSchedule") for each in tolerations)
    return [each["key"] for each in tolerations]


def test_the_taint_of_spot_is_passed_before_a_pool_buys_any():
    assert keys_of(tolerations_of_pools(elsewhere(ON_DEMAND).pools, Cloud.EXISTING)) == [
        "nvidia.com/gpu",
        "mizan.dev/spot",
    ]
    assert keys_of(tolerations_of_pools([], Cloud.GKE)) == ["nvidia.com/gpu", "cloud.google.com/gke-spot"]


def test_a_taint_of_some_pools_is_passed_by_who_runs_on_these_alone():
    plan = measured_on_gke([a_pool(), a_pool_of_the_operator_s()])
    of_each = {pool.name: keys_of(tolerations_of_pools([pool], plan.cloud)) for pool in plan.pools}
    assert keys_of(values_of_exporter(plan)["tolerations"]) == of_each["a100"]
    assert set(keys_of(values_of_operator(plan)["daemonsets"]["tolerations"])) == {
        *of_each["a100"],
        *of_each["shared"],
    }


def test_operator_and_exporter_get_past_the_same_taints_of_the_same_pools():
    plan = elsewhere(ON_DEMAND, operator=HELM)
    wanted = tolerations_of_pools(plan.pools, plan.cloud)
    values = values_of_operator(plan)
    assert values["daemonsets"]["tolerations"] == wanted
    assert values["node-feature-discovery"]["worker"]["tolerations"][-len(wanted) :] == wanted
