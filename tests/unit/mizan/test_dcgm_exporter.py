"""The DCGM exporter: who installs it, what it is told, and how Prometheus reads it."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from mizan import keys
from mizan.config import Install
from mizan.manifests import gpu_operator, manifests_of
from mizan.manifests.dcgm_exporter import (
    COUNTERS_FILE,
    COUNTERS_KEY,
    chart_values,
    counters_name,
    dcgm_exporter,
    operator_values,
)
from mizan.metrics import counters_csv
from mizan.metrics.usage import SERIES
from mizan.plan.dcgm_exporter import measured_alone, measured_by_operator
from tests.builders import PROJECT, a_plan, a_pool, a_queue, a_stack, a_team, an_existing_stack, faults_of
from tests.dcgm_stacks import (
    ASKED,
    HELM,
    a_pool_of_the_operator_s,
    measured_elsewhere,
    measured_locally,
    measured_on_eks,
    measured_on_gke,
)
from tests.eks_stacks import an_eks_plan, an_eks_stack
from tests.gke_stacks import a_gke_stack
from tests.monitoring_stacks import EXTERNAL as ELSEWHERE
from tests.sharing_stacks import DEVICES, MPS, PROFILE, TURNS, a_sharing_stack, kept

CHARTS = PROJECT / "tests" / "data" / "charts"
BOTH = [a_pool(), a_pool_of_the_operator_s()]
SHARED_BY_GKE = [a_pool(sharing=TURNS)]
EXTERNAL = {"gpuOperator": {"install": "external"}}
EKS_WITH_ANOTHER_OPERATOR = a_plan(an_eks_stack(addons=HELM | EXTERNAL), stack="eks-test")


def known(name: str) -> set[str]:
    return {line for line in (CHARTS / name).read_text().splitlines() if not line.startswith("#")}


def written(values: Any, path: str = "") -> Iterator[str]:
    """Every path of a value with something in it: keys by dots, entries of lists as `[]`."""
    if isinstance(values, dict):
        for key, item in values.items():
            yield from written(item, f"{path}.{key}" if path else key)
    elif isinstance(values, list):
        for item in values:
            yield from written(item, f"{path}[]")
    else:
        yield path


def named(plan) -> list[tuple[str, str]]:
    return [(body["kind"], body["metadata"]["name"]) for body in dcgm_exporter(plan)]


def kinds(plan) -> list[str]:
    return [kind for kind, _ in named(plan)]


def env(values) -> dict[str, str]:
    return {item["name"]: item["value"] for item in values.get("env", values.get("extraEnv"))}


def endpoint(plan, name: str) -> dict[str, Any]:
    (monitor,) = [body for body in dcgm_exporter(plan) if body["metadata"]["name"] == name]
    (found,) = monitor["spec"]["endpoints"]
    return found


# Who installs it.


@pytest.mark.parametrize(
    ("plan", "install", "by_operator", "alone"),
    [
        (measured_on_gke(), Install.HELM, [], ["a100"]),
        (measured_on_gke(BOTH), Install.HELM, ["shared"], ["a100"]),
        (measured_on_gke(SHARED_BY_GKE), Install.HELM, [], ["a100"]),
        (measured_on_eks(), Install.HELM, ["a100"], []),
        (measured_on_eks(install="external"), Install.EXTERNAL, ["a100"], []),
        (measured_elsewhere({"dcgmExporter": {}}), Install.HELM, [], ["a100"]),
        (measured_elsewhere({"gpuOperator": {}}), Install.HELM, ["a100"], []),
        (measured_elsewhere(EXTERNAL), Install.EXTERNAL, ["a100"], []),
        (measured_locally({"dcgmExporter": {}}), Install.EXTERNAL, [], ["a100"]),
    ],
)
def test_each_pool_is_measured_by_one_exporter(plan, install, by_operator, alone):
    assert plan.dcgm_exporter.install is install
    assert [pool.name for pool in measured_by_operator(plan)] == by_operator
    assert [pool.name for pool in measured_alone(plan)] == alone


@pytest.mark.parametrize("plan", [measured_elsewhere({}), measured_locally({})])
def test_nothing_comes_unasked_into_a_cluster_of_somebody_else_s_or_onto_simulated_nodes(plan):
    assert plan.dcgm_exporter is None
    assert dcgm_exporter(plan) == []
    assert measured_alone(plan) == measured_by_operator(plan) == ()


def test_an_external_operator_on_eks_brings_the_exporter_itself():
    plan = EKS_WITH_ANOTHER_OPERATOR
    assert plan.dcgm_exporter.install is Install.EXTERNAL
    assert operator_values(plan) == {"enabled": False}


def test_pools_of_gke_s_are_measured_whoever_installs_the_operator_of_the_others():
    addons = HELM | {"gpuOperator": {"install": "external"}}
    plan = a_plan(a_gke_stack(addons=addons, pools=[a_pool()]), stack="gke-test")
    assert plan.dcgm_exporter.install is Install.HELM
    assert [pool.name for pool in measured_alone(plan)] == ["a100"]


# What is in the cluster.


def test_a_stack_on_gke_has_a_namespace_leave_for_critical_pods_and_the_counters():
    plan = measured_on_gke()
    (namespace, quota, counters, _) = dcgm_exporter(plan)
    assert (namespace["kind"], namespace["metadata"]["name"]) == ("Namespace", "dcgm-exporter")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "privileged"
    # Two nodes of spot, one of on-demand, ten to spare.
    assert quota["spec"]["hard"] == {"pods": "13"}
    assert quota["spec"]["scopeSelector"]["matchExpressions"][0]["values"] == ["system-node-critical"]
    assert counters["data"] == {COUNTERS_KEY: counters_csv()}
    assert {body["metadata"].get("namespace") for body in (quota, counters)} == {"dcgm-exporter"}


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        (measured_on_gke(BOTH), ["gpu-operator", "dcgm-exporter"]),
        (measured_on_eks(), ["gpu-operator"]),
        (measured_on_eks(install="external"), ["gpu-operator"]),
        (measured_elsewhere({"dcgmExporter": {}}), ["dcgm-exporter"]),
        (measured_locally({"dcgmExporter": {}}), ["dcgm-exporter"]),
        # Somebody else's, which comes before the stack or after it.
        (measured_elsewhere({"dcgmExporter": {"install": "external"}}), ["dcgm-exporter"]),
        (measured_on_gke(install="external"), ["dcgm-exporter"]),
        (measured_elsewhere(EXTERNAL), ["gpu-operator"]),
        (EKS_WITH_ANOTHER_OPERATOR, ["gpu-operator"]),
    ],
)
def test_each_exporter_reads_counters_in_a_namespace_that_is_made_once(plan, expected):
    namespaces = [body["metadata"]["name"] for body in manifests_of(plan) if body["kind"] == "Namespace"]
    made = [name for name in namespaces if name in ("gpu-operator", "dcgm-exporter")]
    assert made == expected
    counters = [body["metadata"]["namespace"] for body in dcgm_exporter(plan) if body["kind"] == "ConfigMap"]
    assert counters == expected


def test_somebody_else_s_operator_gets_counters_whatever_else_it_reads():
    shared = a_sharing_stack("eks", TURNS, capacity=kept())
    plan = an_eks_plan(**{key: shared[key] for key in ("pools", "queues", "teams", "jobs")}, addons=HELM | EXTERNAL)
    counters, monitor = ("ConfigMap", "mizan-dcgm-counters"), ("ServiceMonitor", "mizan-nvidia-dcgm-exporter")
    assert named(plan) == named(EKS_WITH_ANOTHER_OPERATOR) == [counters, monitor]


@pytest.mark.parametrize(
    "plan", [measured_elsewhere({"dcgmExporter": {"install": "external"}}), measured_on_gke(install="external")]
)
def test_the_namespace_of_somebody_else_s_exporter_says_nothing_that_its_owner_may_say_otherwise(plan):
    namespace, *_ = dcgm_exporter(plan)
    assert namespace == {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "dcgm-exporter"}}


def test_a_namespace_keeps_its_owner_when_the_operator_comes():
    # Whoever lost it would delete it, with all that is in it.
    before, after = measured_on_gke(), measured_on_gke(BOTH)
    assert ("Namespace", "dcgm-exporter") in named(before)
    assert ("Namespace", "dcgm-exporter") in named(after)
    assert ("Namespace", "gpu-operator") not in [*named(before), *named(after)]


def test_teams_cannot_have_the_exporter_s_namespace():
    assert keys.is_system_namespace("dcgm-exporter")


def test_leave_is_for_as_many_pods_as_nodes_that_gke_sets_up():
    (quota,) = [body for body in dcgm_exporter(measured_on_gke(BOTH)) if body["kind"] == "ResourceQuota"]
    assert quota["spec"]["hard"] == {"pods": "13"}


def test_counters_have_a_name_of_their_content_which_running_pods_never_look_at_again(monkeypatch):
    plan = measured_on_gke()
    before = counters_name(plan, "dcgm-exporter")
    assert re.fullmatch(r"mizan-dcgm-counters-[0-9a-f]{10}", before)
    monkeypatch.setattr("mizan.manifests.dcgm_exporter.counters_csv", lambda: "DCGM_FI_DEV_GPU_TEMP, gauge, Heat.\n")
    after = counters_name(plan, "dcgm-exporter")
    assert after != before
    assert chart_values(plan)["extraConfigMapVolumes"][0]["configMap"]["name"] == after
    assert operator_values(measured_on_eks())["config"]["name"] == after


def test_somebody_else_s_exporter_is_told_one_name_once():
    assert counters_name(measured_elsewhere(EXTERNAL), "gpu-operator") == "mizan-dcgm-counters"


def test_beside_somebody_else_s_operator_only_our_own_exporter_gets_counters_of_another_name():
    quotas = [{"pool": "a100", "gpus": 4}, {"pool": "shared", "units": 4}]
    queues = [a_queue(name=quota["pool"], fallback="capacity", quotas=[quota]) for quota in quotas]
    stack = a_gke_stack(addons=HELM | EXTERNAL, pools=BOTH, queues=queues, teams=[a_team(queues=["shared"])], jobs=[])
    plan = a_plan(stack, stack="gke-test")
    counters = {body["metadata"]["namespace"]: body for body in dcgm_exporter(plan) if body["kind"] == "ConfigMap"}
    assert counters["gpu-operator"]["metadata"]["name"] == "mizan-dcgm-counters"
    assert re.fullmatch(r"mizan-dcgm-counters-[0-9a-f]{10}", counters["dcgm-exporter"]["metadata"]["name"])


# What the charts are told.


@pytest.mark.parametrize(
    "plan",
    [
        measured_on_gke(),
        measured_on_gke(BOTH),
        measured_on_gke(SHARED_BY_GKE),
        measured_elsewhere({"dcgmExporter": {}}),
    ],
)
def test_the_exporter_s_own_chart_knows_every_value(plan):
    charted = known("dcgm-exporter-4.8.2.keys.txt")
    for path in written(chart_values(plan)):
        # A list, or a mapping that the chart passes on as it is.
        assert (
            re.sub(r"\[\].*", "", path) in charted
            or path.split(".")[0] in charted
            or path == "securityContext.privileged"
        )


@pytest.mark.parametrize("plan", [measured_on_eks(), measured_on_eks(TURNS), measured_on_gke(BOTH)])
def test_the_operator_s_chart_knows_every_value(plan):
    charted = known("gpu-operator-v26.7.0.keys.txt")
    paths = {re.sub(r"\[\].*", "", f"dcgmExporter.{path}") for path in written(operator_values(plan))}
    assert paths <= charted


def test_the_operator_is_given_what_the_exporter_needs():
    plan = measured_on_eks()
    assert gpu_operator.chart_values(plan)["dcgmExporter"] == operator_values(plan)


@pytest.mark.parametrize("values", [operator_values(measured_on_eks()), chart_values(measured_on_gke())["kubernetes"]])
def test_series_get_the_labels_that_costs_are_charged_to_and_no_other(values):
    assert (values["enablePodLabels"], values["enablePodUID"]) == (True, True)
    patterns = values["podLabelAllowlistRegex"]
    # The exporter takes one text for all of them, split at commas.
    assert not any("," in pattern for pattern in patterns)

    def taken(label: str) -> bool:
        return any(re.search(pattern, label) for pattern in patterns)

    for label in ("cost-center", "team", "project", "workload-type", "kueue.x-k8s.io/queue-name"):
        assert taken(label), label
    for label in ("app", "my-team", "team-b", "job-name", "kueueXx-k8s.io/queue-name", "kueue.x-k8s.io/podset"):
        assert not taken(label), label


@pytest.mark.parametrize("values", [operator_values(measured_on_eks()), chart_values(measured_on_gke())])
def test_no_chart_makes_a_service_monitor(values):
    assert values["serviceMonitor"] == {"enabled": False}


@pytest.mark.parametrize("sharing", [TURNS, MPS])
def test_all_pods_of_a_gpu_are_looked_for_where_the_operator_shares_it(sharing):
    values = operator_values(measured_on_eks(sharing))
    assert values["hostPID"] is True
    assert env(values) == {
        "DCGM_EXPORTER_INTERVAL": "30000",
        "KUBERNETES_VIRTUAL_GPUS": "true",
        "NVIDIA_RESOURCE_NAMES": "nvidia.com/gpu.shared",
    }


def test_all_pods_of_a_gpu_are_looked_for_where_gke_shares_it_under_the_name_of_a_whole_one():
    values = chart_values(measured_on_gke(SHARED_BY_GKE))
    assert values["hostPID"] is True
    assert env(values)["KUBERNETES_VIRTUAL_GPUS"] == "true"
    assert "NVIDIA_RESOURCE_NAMES" not in env(values)


@pytest.mark.parametrize(
    "values",
    [
        operator_values(measured_on_eks()),
        operator_values(measured_on_eks(PROFILE)),
        chart_values(measured_on_gke()),
        # The GPUs that are shared are not on nodes of this one.
        chart_values(measured_on_gke(BOTH)),
    ],
)
def test_a_gpu_or_an_instance_has_one_pod_where_none_is_shared(values):
    assert values["hostPID"] is False
    assert not {"KUBERNETES_VIRTUAL_GPUS", "NVIDIA_RESOURCE_NAMES"} & set(env(values))


def test_gpus_are_measured_as_often_as_they_are_read():
    plan = measured_on_eks(scrapeIntervalSeconds=5, serviceMonitor=True)
    assert env(operator_values(plan))["DCGM_EXPORTER_INTERVAL"] == "5000"
    found = endpoint(plan, "mizan-nvidia-dcgm-exporter")
    # A scrape may not take longer than the time to the next.
    assert (found["interval"], found["scrapeTimeout"]) == ("5s", "5s")
    assert endpoint(measured_on_eks(**ASKED), "mizan-nvidia-dcgm-exporter")["scrapeTimeout"] == "10s"


def test_on_gke_the_exporter_sees_the_node_s_driver_and_devices():
    values = chart_values(measured_on_gke())
    # Kubernetes refuses a privileged container that may not gain privileges, which is the chart's default.
    assert values["securityContext"] == {"privileged": True, "allowPrivilegeEscalation": True}
    (volume,) = values["extraHostVolumes"]
    assert volume["hostPath"] == "/home/kubernetes/bin/nvidia"
    mounts = {mount["name"]: mount["mountPath"] for mount in values["extraVolumeMounts"]}
    assert mounts[volume["name"]] == "/usr/local/nvidia"
    assert env(values)["LD_LIBRARY_PATH"] == "/usr/local/nvidia/lib64"
    assert env(values)["DCGM_EXPORTER_KUBERNETES_GPU_ID_TYPE"] == "device-name"


def test_elsewhere_it_keeps_the_chart_s_few_rights():
    values = chart_values(measured_elsewhere({"dcgmExporter": {}}))
    assert not {"securityContext", "extraHostVolumes"} & set(values)
    assert set(env(values)) == {"DCGM_EXPORTER_INTERVAL"}


def test_the_exporter_reads_the_counters_where_they_are_mounted():
    values = chart_values(measured_on_gke())
    (volume,) = values["extraConfigMapVolumes"]
    mount = values["extraVolumeMounts"][0]
    assert values["arguments"] == ["-f", COUNTERS_FILE]
    assert (mount["name"], mount["mountPath"], mount["subPath"]) == (volume["name"], COUNTERS_FILE, COUNTERS_KEY)
    assert volume["configMap"]["items"] == [{"key": COUNTERS_KEY, "path": COUNTERS_KEY}]


def terms(values) -> list[dict[str, Any]]:
    required = values["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    (term,) = required["nodeSelectorTerms"]
    return term["matchExpressions"]


def test_a_node_of_the_operator_s_has_no_second_exporter():
    accelerator = {"key": "cloud.google.com/gke-accelerator", "operator": "Exists"}
    assert terms(chart_values(measured_on_gke())) == [accelerator]
    assert terms(chart_values(measured_on_gke(BOTH))) == [
        accelerator,
        {"key": "mizan.dev/pool", "operator": "NotIn", "values": ["shared"]},
    ]


def test_it_gets_onto_nodes_of_spot_and_of_a_compute_class():
    def tolerated(plan) -> set[tuple[str, str, str]]:
        return {(item["key"], item["operator"], item["effect"]) for item in chart_values(plan)["tolerations"]}

    whole = [a_pool()]
    assert tolerated(measured_on_gke()) == {
        ("nvidia.com/gpu", "Exists", "NoSchedule"),
        ("cloud.google.com/gke-spot", "Exists", "NoSchedule"),
    }
    assert ("cloud.google.com/compute-class", "Exists", "NoSchedule") in tolerated(measured_on_gke(whole))


# How Prometheus reads it.


@pytest.mark.parametrize(
    ("plan", "has_monitor"),
    [
        (measured_on_gke(), True),
        (measured_on_gke(serviceMonitor=False), False),
        (measured_elsewhere({"dcgmExporter": {}}), False),
        (measured_elsewhere({"dcgmExporter": {}, "prometheus": {"install": "helm"}}), True),
        (measured_elsewhere({"dcgmExporter": {"install": "external"}, "prometheus": {"install": "helm"}}), True),
        (measured_elsewhere({"dcgmExporter": {}, "prometheus": ELSEWHERE}), False),
        (measured_elsewhere({"dcgmExporter": ASKED, "prometheus": ELSEWHERE}), True),
        (measured_locally({"dcgmExporter": {}}), False),
    ],
)
def test_a_monitor_is_written_where_this_stack_brings_its_kind_or_is_told_to(plan, has_monitor):
    assert plan.dcgm_exporter.service_monitor is has_monitor
    assert ("ServiceMonitor" in kinds(plan)) is has_monitor


def test_prometheus_is_told_of_each_exporter():
    # The operator deletes the one that has the name of its Service.
    assert [name for kind, name in named(measured_on_gke(BOTH, **ASKED)) if kind == "ServiceMonitor"] == [
        "mizan-nvidia-dcgm-exporter",
        "mizan-dcgm-exporter",
    ]


def test_a_service_monitor_selects_the_service_of_its_exporter():
    plan = measured_on_gke(BOTH, **ASKED)
    operator_s, own = [body for body in dcgm_exporter(plan) if body["kind"] == "ServiceMonitor"]
    for body, namespace in ((operator_s, "gpu-operator"), (own, "dcgm-exporter")):
        assert body["metadata"]["namespace"] == namespace
        assert body["spec"]["namespaceSelector"] == {"matchNames": [namespace]}
    assert operator_s["spec"]["selector"]["matchLabels"] == {"app": "nvidia-dcgm-exporter"}
    assert operator_s["spec"]["endpoints"][0]["port"] == "gpu-metrics"
    assert own["spec"]["selector"]["matchLabels"] == {"app.kubernetes.io/name": "dcgm-exporter"}
    assert own["spec"]["endpoints"][0]["port"] == "metrics"


def test_where_pods_claim_gpus_the_operator_has_a_service_of_another_name():
    (_, monitor) = dcgm_exporter(measured_on_eks(DEVICES, **ASKED))
    assert monitor["spec"]["selector"]["matchLabels"] == {"app": "nvidia-dcgm-exporter-dra"}


@pytest.mark.parametrize("plan", [measured_on_gke(**ASKED), measured_on_eks(TURNS, **ASKED)])
def test_a_service_monitor_has_only_fields_of_its_crd(plan):
    fields = known("service-monitor-v0.85.0.keys.txt")
    (monitor,) = [body for body in dcgm_exporter(plan) if body["kind"] == "ServiceMonitor"]
    for path in written(monitor["spec"]):
        assert path in fields or path.startswith("selector.matchLabels."), path


def relabelled(series: dict[str, str], plan, name: str = "mizan-dcgm-exporter") -> dict[str, str]:
    """The labels that Prometheus stores, by its own rules: the target's first, kept where a series has none."""
    found = endpoint(plan, name)
    target = {"pod": "exporter-xyz", "namespace": "gpu-operator", "container": "exporter", "job": "x", "instance": "i"}
    for rule in found["relabelings"]:
        target = apply(rule, target)
    assert found["honorLabels"] is True
    labels = target | series
    for rule in found["metricRelabelings"]:
        labels = apply(rule, labels)
    return labels


def apply(rule: dict[str, Any], labels: dict[str, str]) -> dict[str, str]:
    pattern = re.compile(rule.get("regex", "(.*)"), re.DOTALL)
    if rule["action"] == "labeldrop":
        return {name: value for name, value in labels.items() if not pattern.fullmatch(name)}
    assert rule["action"] == "replace"
    value = rule.get("separator", ";").join(labels.get(name, "") for name in rule.get("sourceLabels", []))
    match = pattern.fullmatch(value)
    if match is None:
        return labels
    return labels | {rule["targetLabel"]: match.expand(rule["replacement"].replace("$1", r"\1"))}


def a_series(field: str, **labels: str) -> dict[str, str]:
    return {"__name__": f"DCGM_FI_{field}", "UUID": "GPU-1", "hostname": "node-1"} | labels


POD = {"pod": "train-0", "namespace": "team-a", "container": "main"}


def test_a_series_keeps_the_pod_that_has_the_gpu():
    labels = relabelled(a_series("DEV_GPU_UTIL", **POD), measured_on_gke(**ASKED))
    assert {name: labels[name] for name in POD} == POD
    assert labels["job"] == "dcgm-exporter"
    assert labels["instance"] == "i"


def test_an_idle_gpu_is_nobody_s_and_not_the_exporter_s():
    labels = relabelled(a_series("DEV_GPU_UTIL"), measured_on_gke(**ASKED))
    assert not {"pod", "namespace", "container"} & set(labels)


@pytest.mark.parametrize("name", ["hostname", "Hostname"])
def test_the_node_has_both_names_whichever_the_exporter_gives(name):
    series = a_series("DEV_GPU_UTIL")
    del series["hostname"]
    labels = relabelled(series | {name: "node-1"}, measured_on_gke(**ASKED))
    assert (labels["hostname"], labels["Hostname"]) == ("node-1", "node-1")


@pytest.mark.parametrize(
    ("series", "counts"),
    [
        # Of four pods that share a GPU: the device, each pod's part, and other fields once for each pod.
        (a_series("DEV_GPU_UTIL"), "gpu"),
        (a_series("DEV_GPU_UTIL", vgpu="0", pod_uid="1", **POD), "process"),
        (a_series("DEV_FB_USED", vgpu="1", pod_uid="2", **POD), "process"),
        (a_series("DEV_POWER_USAGE", vgpu="0", **POD), "copy"),
        (a_series("PROF_GR_ENGINE_ACTIVE", vgpu="3", **POD), "copy"),
        # Of a pod that has a GPU whole on another node of the same exporter, and of an instance.
        (a_series("DEV_FB_USED", pod_uid="1", **POD), "process"),
        (a_series("DEV_POWER_USAGE", **POD), "gpu"),
        (a_series("PROF_GR_ENGINE_ACTIVE", GPU_I_ID="1", **POD), "gpu"),
    ],
)
def test_every_series_says_what_it_counts_where_pods_share_gpus(series, counts):
    assert relabelled(series, measured_on_gke(SHARED_BY_GKE, **ASKED))[SERIES] == counts


def test_every_series_counts_its_gpu_where_nothing_is_shared():
    plan = measured_on_gke(**ASKED)
    for field in ("DEV_GPU_UTIL", "DEV_FB_USED", "DEV_POWER_USAGE"):
        assert relabelled(a_series(field, **POD), plan)[SERIES] == "gpu"


def test_pods_that_claim_one_device_together_repeat_it():
    series = a_series("DEV_POWER_USAGE", dra_device_name="gpu-0", **POD)
    plan = measured_on_eks(DEVICES, **ASKED)
    assert relabelled(series, plan, "mizan-nvidia-dcgm-exporter-dra")[SERIES] == "copy"


# What a stack may not say.


def exporter(stack, **settings) -> dict[str, Any]:
    return stack(addons={"kueue": {"install": "helm"}, "dcgmExporter": settings})


def test_the_embedded_cluster_runs_no_exporter():
    settings = {"install": "helm", "serviceMonitor": True}
    install, monitor = faults_of(a_stack(addons={"kueue": {"install": "external"}, "dcgmExporter": settings}))
    assert install == (
        "mizan:addons.dcgmExporter.install: helm; needs external because nodes of the embedded cluster are simulated, "
        "and no container runs there. Write `external`, or leave it out."
    )
    assert monitor == (
        "mizan:addons.dcgmExporter.serviceMonitor: true; needs false because the embedded cluster has no Prometheus "
        "operator, and refuses a ServiceMonitor. Remove it."
    )


@pytest.mark.parametrize("stack", [an_existing_stack, an_eks_stack])
def test_somebody_else_s_operator_has_an_exporter_of_its_own(stack):
    (fault,) = faults_of(stack(addons=HELM | EXTERNAL | {"dcgmExporter": {"install": "helm"}}))
    assert fault.startswith("mizan:addons.dcgmExporter.install: helm; needs external because the GPU operator brings")


@pytest.mark.parametrize(
    "stack",
    [
        exporter(an_eks_stack, chart="./mine"),
        exporter(an_existing_stack, chart="./mine", install="external"),
        an_existing_stack(addons=HELM | {"gpuOperator": {}, "dcgmExporter": {"chart": "./mine"}}),
    ],
)
def test_a_chart_that_is_never_used_is_a_fault(stack):
    (fault,) = faults_of(stack)
    assert fault.startswith("mizan:addons.dcgmExporter.chart: ./mine; needs no chart because the exporter comes with")


def test_a_chart_of_its_own_is_used_on_gke_and_where_it_was_asked_for():
    assert measured_on_gke(chart="./mine").dcgm_exporter.chart == "./mine"
    assert measured_elsewhere({"dcgmExporter": {"chart": "./mine"}}).dcgm_exporter.chart == "./mine"
