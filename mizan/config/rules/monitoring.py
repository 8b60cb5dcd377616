"""Rules about Prometheus and OpenCost: settings are of what is there, and nothing is asked that cannot answer."""

import re
from collections.abc import Iterator, Mapping

from mizan import keys, versions
from mizan.config.faults import ConfigFault, hidden
from mizan.config.models import Cloud, OptionalInstall, PriceSource
from mizan.config.models.base import LABEL_VALUE_PATTERN
from mizan.config.models.monitoring import OBJECT_PATTERN
from mizan.config.part import Part
from mizan.config.rules.versions import supported

# What only the one who installs them decides.
_OF_PROMETHEUS_S_INSTALLER = (
    *("chart", "version", "retentionDays", "storageGib", "storageClass", "slack", "grafanaSecret"),
)
_OF_OPENCOST_S_INSTALLER = ("chart", "version", "pricesFrom", "cloudKeySecret", "spotFeed", "serviceMonitor")
# What tells where somebody else's Prometheus is.
_OF_A_PROMETHEUS_THAT_IS_THERE = ("url", "headersSecret", "clusterLabel", "rulesInCluster", "objectLabels")
# What may hold a secret where somebody took it for its name.
_NAMES_OF_SECRETS = ("headersSecret", "grafanaSecret", "cloudKeySecret", "slack")

# Labels that exporters or our rules give a value of their own. What Kubernetes' labels become begins with `label_`, and
# Prometheus' own with two underscores.
LABELS_OF_SERIES = frozenset(
    (
        *("GPU_I_ID", "GPU_I_PROFILE", "Hostname", "UUID", "alertname", "as_of", "basis", "capacity_type"),
        *("cluster_queue", "container", "cost_center", "cronjob", "device", "endpoint", "flavor", "gpu", "gpu_model"),
        *("hostname", "instance", "job", "key", "kind", "le", "machine", "mizan_series", "modelName", "month"),
        *("namespace", "node", "nodepool", "offer", "part", "phase", "pod", "pool", "priority_class", "project"),
        *("queue", "reason", "resource", "restart_policy", "rule_group", "service", "severity", "status", "team"),
        *("uid", "vgpu", "workload_type"),
    )
)

# Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/, Syntax and character set, read
# 2026-11-22.
_LABEL_KEY = r"([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_LONGEST_LABEL_VALUE = 63

_BY_DEFAULT = (Cloud.GKE, Cloud.EKS)


def charts_of_monitoring_are_supported(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each version for which the values that we write do not hold."""
    yield from supported(_prometheus(stack)["version"], versions.KUBE_PROMETHEUS_STACKS)
    yield from supported(_opencost(stack)["version"], versions.OPENCOSTS)


def an_external_prometheus_has_an_address(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault where nobody says where somebody else's Prometheus is."""
    prometheus = _prometheus(stack)
    if prometheus["install"].text == OptionalInstall.EXTERNAL and prometheus["url"].value is None:
        yield ConfigFault(
            prometheus["install"].path,
            OptionalInstall.EXTERNAL.value,
            needs="`url`",
            because="costs are read from a Prometheus, and nothing says where it is",
            fix="Add `url: http://prometheus.monitoring.svc:9090`, or write `install: none`",
        )


def settings_of_monitoring_are_of_what_is_installed(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each setting that nothing would read."""
    prometheus, opencost = _prometheus(stack), _opencost(stack)
    of_prometheus, of_opencost = prometheus_install(stack), opencost_install(stack)
    if of_prometheus is not OptionalInstall.HELM:
        yield from _unread(prometheus, _OF_PROMETHEUS_S_INSTALLER, OptionalInstall.HELM)
    if of_prometheus is not OptionalInstall.EXTERNAL:
        yield from _unread(prometheus, _OF_A_PROMETHEUS_THAT_IS_THERE, OptionalInstall.EXTERNAL)
    if of_opencost is not OptionalInstall.HELM:
        yield from _unread(opencost, _OF_OPENCOST_S_INSTALLER, OptionalInstall.HELM)


def a_label_of_clusters_is_no_other_s(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for a label that our rules or exporters fill with something else than the cluster's name."""
    label = _prometheus(stack)["clusterLabel"]
    name = label.text or ""
    if name in LABELS_OF_SERIES or name.startswith(("__", "label_")):
        yield ConfigFault(
            label.path,
            name,
            needs="a label that tells clusters apart and nothing else",
            because="series have this one already, so that rules would find none, or no Prometheus would take them",
            fix="Write `cluster`, or whichever label your Prometheus adds to all of a cluster's series",
        )


def labels_of_objects_are_read_by_somebody(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for labels of objects that are none of Kubernetes', and for those that no object would bear."""
    prometheus = _prometheus(stack)
    labels = prometheus["objectLabels"]
    if not isinstance(labels.value, Mapping):
        return
    for key, value in labels.value.items():
        is_key = re.fullmatch(_LABEL_KEY, str(key)) and key != keys.MANAGED_BY
        text = value if isinstance(value, str) else "x"
        if not is_key or not re.fullmatch(LABEL_VALUE_PATTERN, text) or len(text) > _LONGEST_LABEL_VALUE:
            yield ConfigFault(
                (*labels.path, str(key)),
                value,
                needs=f"a label as Kubernetes takes it, other than {keys.MANAGED_BY}",
                because="the API server refuses an object with any other, and that one is ours",
                fix="Use at most 63 letters, digits, dashes, dots or underscores",
            )
    monitors = (_opencost(stack)["serviceMonitor"], stack["addons"]["dcgmExporter"]["serviceMonitor"])
    is_external = prometheus_install(stack) is OptionalInstall.EXTERNAL
    if is_external and True not in (prometheus["rulesInCluster"].value, *(each.value for each in monitors)):
        yield ConfigFault(
            labels.path,
            "labels of no object",
            needs="`rulesInCluster: true`",
            because="no PrometheusRule and no ServiceMonitor is written, and an ignored setting would silently do "
            "nothing",
            fix="Remove `objectLabels`, or write `rulesInCluster: true`",
        )


def the_embedded_cluster_runs_no_charts_of_monitoring(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each chart whose pods would run on simulated nodes, and for objects of an operator."""
    if stack["cloud"].text != Cloud.LOCAL:
        return
    for addon in (_prometheus(stack), _opencost(stack)):
        if addon["install"].text == OptionalInstall.HELM:
            yield ConfigFault(
                addon["install"].path,
                OptionalInstall.HELM.value,
                needs="none",
                because="nodes of the embedded cluster are simulated, and no container runs there",
                fix="Leave it out: `make up` starts a Prometheus beside the cluster",
            )
    objects = _prometheus(stack)["rulesInCluster"]
    if objects.value is True:
        yield ConfigFault(
            objects.path,
            True,
            needs="false",
            because="the embedded cluster has no Prometheus operator, and refuses a PrometheusRule",
            fix="Remove it",
        )


def opencost_has_a_prometheus(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for an OpenCost that is asked for where there is no Prometheus."""
    install = _opencost(stack)["install"]
    is_asked_for = install.text in (OptionalInstall.HELM, OptionalInstall.EXTERNAL)
    if is_asked_for and prometheus_install(stack) is OptionalInstall.NONE and stack["cloud"].text != Cloud.LOCAL:
        yield ConfigFault(
            install.path,
            install.text,
            needs="`prometheus`",
            because="OpenCost keeps nothing itself: it reads a Prometheus, and is read by it",
            fix="Write `prometheus: {install: helm}`, or `install: none`",
        )


def opencost_s_prices_can_be_had(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for prices without what they are asked for with, and for what asks for prices that nobody takes."""
    opencost, cloud = _opencost(stack), stack["cloud"].text
    prices, key, feed = opencost["pricesFrom"], opencost["cloudKeySecret"], opencost["spotFeed"]
    if key.value is not None and cloud not in (Cloud.GKE, Cloud.EXISTING):
        yield _of_another_cloud(key, _seen(key), "a cluster on GKE", "Google's prices alone are asked for with a key")
    if feed.value is not None and cloud != Cloud.EKS:
        yield _of_another_cloud(feed, "a feed of spot", "`cloud: eks`", "AWS alone has such a feed")
    if prices.text == PriceSource.STACK:
        for given, seen in ((key, _seen(key)), (feed, "a feed of spot")):
            if given.value is not None:
                yield ConfigFault(
                    given.path,
                    seen,
                    needs="`pricesFrom: cloud`",
                    because="this stack's own prices are taken, and an ignored setting would silently do nothing",
                    fix=f"Remove `{given.path[-1]}`, or leave `pricesFrom` out",
                )
    if prices.text == PriceSource.CLOUD and cloud == Cloud.GKE and key.value is None:
        yield ConfigFault(
            prices.path,
            PriceSource.CLOUD.value,
            needs="`cloudKeySecret`",
            because="Google tells its prices to nobody without a key, and OpenCost does not start then",
            fix="Add `cloudKeySecret: opencost-gcp-key`, or write `pricesFrom: stack`",
        )


def prometheus_install(stack: Part) -> OptionalInstall:
    """Return who installs Prometheus, what is left out included."""
    return _install(stack, _prometheus(stack))


def opencost_install(stack: Part) -> OptionalInstall:
    """Return who installs OpenCost, what is left out included."""
    asked = _install(stack, _opencost(stack))
    is_asked_for = _opencost(stack)["install"].value is not None
    has_prometheus = prometheus_install(stack) is not OptionalInstall.NONE
    return asked if is_asked_for or has_prometheus else OptionalInstall.NONE


def _install(stack: Part, addon: Part) -> OptionalInstall:
    """Return who installs an add-on: in somebody else's cluster nothing comes unasked; settings alone ask for it."""
    asked, cloud = addon["install"].text, stack["cloud"].text
    if asked in set(OptionalInstall):
        return OptionalInstall(asked)
    is_asked_for = addon.is_mapping and cloud != Cloud.LOCAL
    return OptionalInstall.HELM if cloud in _BY_DEFAULT or is_asked_for else OptionalInstall.NONE


def _unread(addon: Part, names: tuple[str, ...], needs: OptionalInstall) -> Iterator[ConfigFault]:
    for name in names:
        part = addon[name]
        if part.value is not None:
            yield ConfigFault(
                part.path,
                _seen(part),
                needs=f"`install: {needs}`",
                because="nothing else reads it, and an ignored setting would silently do nothing",
                fix=f"Remove `{name}`, or write `install: {needs}`",
            )


def _seen(part: Part) -> object:
    """Return what a message shows of a setting: nothing of what may be a secret."""
    name = part.path[-1]
    if part.is_mapping:
        return f"settings of {name}"
    is_name = part.text is not None and re.fullmatch(OBJECT_PATTERN, part.text)
    return part.value if name not in _NAMES_OF_SECRETS or is_name else hidden(part.value)


def _of_another_cloud(part: Part, seen: object, needs: str, because: str) -> ConfigFault:
    return ConfigFault(part.path, seen, needs=needs, because=because, fix=f"Remove `{part.path[-1]}`")


def _prometheus(stack: Part) -> Part:
    return stack["addons"]["prometheus"]


def _opencost(stack: Part) -> Part:
    return stack["addons"]["opencost"]
