"""The values of charts: what they name beside what is there, and what the nodes of pools need of them."""

from collections.abc import Iterable, Iterator, Sequence

from mizan import keys
from mizan.agreement.documents import DCGM_EXPORTER, GPU_OPERATOR, KARPENTER, Documents, chart, known_as, name, plan_of
from mizan.agreement.model import Comparison, Fact, Said, compared, contrasted, is_settled, says, words
from mizan.agreement.operator import OperatorConfigs, config_map, operator_configs
from mizan.agreement.sides import Sides
from mizan.config import Install
from mizan.manifests.dcgm_exporter import COUNTERS_NAME
from mizan.manifests.gpu_configs import DEVICE_PLUGIN, GPU_CLIENTS, MIG_LAYOUTS
from mizan.manifests.manifest import Manifest
from mizan.plan import Offer, Plan, PoolPlan
from mizan.plan.dcgm_exporter import measured_alone, measured_by_operator
from mizan.sharing import SharingMode

# What the operator's chart calls each ConfigMap, and what it gives nodes that name nothing in it.
_CONFIG_MAPS = {
    "devicePlugin.config.name": DEVICE_PLUGIN,
    "migManager.config.name": MIG_LAYOUTS,
    "migManager.gpuClientsConfig.name": GPU_CLIENTS,
}
_DEFAULTS = {"devicePlugin.config.default": keys.DEVICE_PLUGIN_CONFIG, "migManager.config.default": keys.MIG_CONFIG}

_EXPORTER, _COUNTERS, _STRATEGY = "dcgmExporter.enabled", "dcgmExporter.config.name", "mig.strategy"
_MANAGER, _OVERLAYS = "migManager.enabled", "featureGates.nodeOverlay"

# By which the exporter finds all pods that share a GPU.
_VIRTUAL_GPUS, _RESOURCE_NAMES = "KUBERNETES_VIRTUAL_GPUS", "NVIDIA_RESOURCE_NAMES"
_SHARED = (SharingMode.TIME_SLICING, SharingMode.MPS)


def of_charts(plan: Plan, documents: Documents) -> Iterator[Comparison]:
    """Yield what the values of every chart name beside what is there."""
    operator, exporter, karpenter = (documents.charts.get(each) for each in (GPU_OPERATOR, DCGM_EXPORTER, KARPENTER))
    if operator is not None:
        yield from _of_operator(operator, plan, documents)
    if exporter is not None:
        alone = {pool.name for pool in measured_alone(plan)}
        yield from _of_tolerations(DCGM_EXPORTER, exporter, [offer for offer in plan.offers if offer.pool in alone])
        for volume in exporter["extraConfigMapVolumes"]:
            path, called = "extraConfigMapVolumes.configMap.name", volume["configMap"]["name"]
            yield from _of_config_map(DCGM_EXPORTER, path, called, (COUNTERS_NAME, keys.DCGM_NAMESPACE), documents)
    if karpenter is not None:
        yield from _of_karpenter(karpenter["settings"], plan, documents)


def of_shared_gpus(
    plan: Plan, sides: Sequence[Sides], before: Iterable[Comparison], documents: Documents
) -> Iterator[Comparison]:
    """Yield what charts are told of GPUs that pods share, beside how pods share them where that is undisputed.

    Args:
        plan: which pools an exporter measures.
        sides: the documents of each offer.
        before: what was compared of the offers.
        documents: all of them.
    """
    if not is_settled(before, [each.offer.name for each in sides], [Fact.SHARING, Fact.SETUP]):
        return
    operator, exporter = documents.charts.get(GPU_OPERATOR), documents.charts.get(DCGM_EXPORTER)
    if operator is not None:
        yield from _of_strategy(operator, operator_configs(documents))
        own = operator.get("dcgmExporter", {})
        if own.get("enabled"):
            yield _of_exporter(GPU_OPERATOR, own["env"], own["hostPID"], _of_pools(measured_by_operator(plan), sides))
    if exporter is not None:
        measured = _of_pools(measured_alone(plan), sides)
        yield _of_exporter(DCGM_EXPORTER, exporter["extraEnv"], exporter["hostPID"], measured)


def _of_operator(values: Manifest, plan: Plan, documents: Documents) -> Iterator[Comparison]:
    configs = operator_configs(documents)
    yield from _of_tolerations(GPU_OPERATOR, values.get("daemonsets", {}), plan.offers)
    for path, beginning in _CONFIG_MAPS.items():
        config = (beginning, keys.GPU_NAMESPACE)
        yield from _of_config_map(GPU_OPERATOR, path, _at(values, path), config, documents)
    for path, label in _DEFAULTS.items():
        document = configs.document(label)
        if document is not None:
            sides = says(chart(GPU_OPERATOR), _at(values, path)), says(document, configs.of_whole_gpus(label))
            yield from compared(path, Fact.CHARTS, sides)
    manager, layouts = _at(values, _MANAGER), configs.layouts
    if manager is not None:
        sides = (
            says(chart(GPU_OPERATOR), manager),
            says(known_as("ConfigMap", MIG_LAYOUTS, keys.GPU_NAMESPACE), layouts is not None),
        )
        yield from compared(_MANAGER, Fact.CHARTS, sides)
    # The exporter is on unless somebody else's is there.
    is_ours = plan.dcgm_exporter is not None and plan.dcgm_exporter.install is Install.HELM
    enabled = says(chart(GPU_OPERATOR), _at(values, _EXPORTER)), says(plan_of(plan.stack), is_ours)
    yield from compared(_EXPORTER, Fact.CHARTS, enabled)
    if is_ours and enabled[0].value == str(True):
        config = (COUNTERS_NAME, keys.GPU_NAMESPACE)
        yield from _of_config_map(GPU_OPERATOR, _COUNTERS, _at(values, _COUNTERS), config, documents)


def _of_tolerations(of: str, pods: Manifest, offers: Iterable[Offer]) -> Iterator[Comparison]:
    """Yield which taints the pods of a chart get past beside those of the nodes that they are for."""
    past = {(each["key"], each["effect"]) for each in pods.get("tolerations", ()) if each["operator"] == "Exists"}
    for offer in offers:
        needed = {(taint.key, taint.effect) for taint in offer.taints}
        sides = words(chart(of), map(":".join, needed & past)), words(plan_of(offer.name), map(":".join, needed))
        yield from compared(offer.name, Fact.TOLERATIONS, sides)


def _of_config_map(
    of: str, path: str, called: str | None, config: tuple[str, str], documents: Documents
) -> Iterator[Comparison]:
    """Yield what a chart calls a ConfigMap beside the name of that which is there, if either has any."""
    beginning, namespace = config
    body = config_map(beginning, documents, namespace)
    if called is None and body is None:
        return
    there = None if body is None else body["metadata"]["name"]
    document = known_as("ConfigMap", beginning, namespace)
    yield from compared(path, Fact.CHARTS, [says(chart(of), called), says(document, there)])


def _of_strategy(values: Manifest, configs: OperatorConfigs) -> Iterator[Comparison]:
    """Yield the strategy for MIG of all nodes beside those that pools have of their own, before which it goes."""
    document = configs.document(keys.DEVICE_PLUGIN_CONFIG)
    for strategy in configs.strategies if document is not None else ():
        sides = says(chart(GPU_OPERATOR), _at(values, _STRATEGY) or None), says(document or "", strategy or None)
        yield from compared(_STRATEGY, Fact.CHARTS, sides)


def _of_exporter(of: str, environment: Iterable[Manifest], host_pid: bool, measured: Sequence[Sides]) -> Comparison:
    """Return how an exporter looks for pods beside how those of the pools that it measures share GPUs."""
    told = {each["name"]: each["value"] for each in environment if each["name"] in (_VIRTUAL_GPUS, _RESOURCE_NAMES)}
    statements = [each.sharing or says(plan_of(each.offer.name), each.offer.sharing.mode) for each in measured]
    sharing = [each for each in statements if each.value in _SHARED]
    resources = {resource for each in measured for of_gpu in each.resources for resource in of_gpu.per_gpu}
    needed = {
        "hostPID": bool(sharing),
        **({_VIRTUAL_GPUS: "true"} if sharing else {}),
        **({_RESOURCE_NAMES: keys.NVIDIA_SHARED_GPU} if keys.NVIDIA_SHARED_GPU in resources else {}),
    }
    document = next((each.document for each in (*sharing, *statements)), "nodes")
    first = Said(document=chart(of), values={"hostPID": host_pid, **told})
    return contrasted(_VIRTUAL_GPUS, Fact.CHARTS, first, Said(document=document, values=needed))


def _of_pools(pools: Iterable[PoolPlan], sides: Iterable[Sides]) -> list[Sides]:
    names = {pool.name for pool in pools}
    return [each for each in sides if each.offer.pool in names]


def _of_karpenter(settings: Manifest, plan: Plan, documents: Documents) -> Iterator[Comparison]:
    """Yield which cluster Karpenter is told to serve, and whether it is to heed overlays."""
    overlay = next(documents.of_kind("NodeOverlay"), None)
    is_heeded = overlay is not None or any(offer.sharing.is_made_by_operator for offer in plan.offers)
    document = plan_of(plan.stack) if overlay is None else name(overlay)
    heeds = says(chart(KARPENTER), _at(settings, _OVERLAYS)), says(document, is_heeded)
    yield from compared(_OVERLAYS, Fact.CHARTS, heeds)
    served = Said(document=plan_of(plan.stack), values=dict.fromkeys(("clusterName", "interruptionQueue"), plan.stack))
    told = Said(document=chart(KARPENTER), values=settings)
    yield contrasted("settings", Fact.CHARTS, told.only(served.values), served)


def _at(values: Manifest, path: str) -> str | None:
    """Return the value at a path of keys in words, None where there is none."""
    found: object = values
    for key in path.split("."):
        found = found.get(key) if isinstance(found, dict) else None
    return None if found is None else str(found)
