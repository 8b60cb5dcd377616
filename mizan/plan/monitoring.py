"""Whether Prometheus and OpenCost are in a stack's cluster, and whose prices OpenCost takes."""

from collections.abc import Iterable, Iterator

from mizan.capacity import CapacityType
from mizan.config import Cloud, OpenCostAddon, OptionalInstall, PriceSource, PrometheusAddon, StackConfig
from mizan.plan.model import PoolPlan

_BY_DEFAULT = (Cloud.GKE, Cloud.EKS)


def prometheus_of(config: StackConfig) -> PrometheusAddon | None:
    """Return the Prometheus of a stack with who installs it; None where the stack has none.

    A cluster that the stack makes has one: GKE's own is off there (mizan/clouds/gcp/cluster.py), as it is paid for by
    the sample. In somebody else's cluster nothing comes unasked, and the embedded one has its own beside it.
    """
    asked = config.addons.prometheus
    install = _installer(config, asked)
    if install is OptionalInstall.NONE:
        return None
    return (asked or PrometheusAddon()).model_copy(update={"install": install})


def has_operator(prometheus: PrometheusAddon | None) -> bool:
    """Return whether the cluster has the Prometheus operator: this stack brings it, or says that it is there."""
    return prometheus is not None and (prometheus.install is OptionalInstall.HELM or prometheus.rules_in_cluster)


def of_monitoring(config: StackConfig) -> Iterator[str]:
    """Yield what is probably not meant of a Prometheus."""
    settings = prometheus_of(config)
    if settings is None:
        return
    if settings.cluster_label is not None and settings.rules_in_cluster:
        yield (
            f"Prometheus: rules in the cluster ask for label {settings.cluster_label} on every series, but within a "
            "Prometheus its external labels are on none: unless its scrapes write the label, no dollar is counted. "
            "Leave `clusterLabel` out where rules run in the cluster, or `rulesInCluster` where they run in the store."
        )
    if settings.slack is not None and config.alerts.runbooks is None:
        yield (
            "alerts: no `runbooks`, so that a message in Slack names its page by the place in the repository, which "
            "nobody can click. Write the address of your copy of docs/runbooks."
        )


def opencost_of(config: StackConfig, pools: Iterable[PoolPlan]) -> OpenCostAddon | None:
    """Return the OpenCost of a stack with who installs it and whose prices it takes; None where the stack has none."""
    asked, prometheus = config.addons.opencost, prometheus_of(config)
    if prometheus is None:
        return None
    install = _installer(config, asked)
    if install is OptionalInstall.NONE:
        return None
    settings = asked or OpenCostAddon()
    monitor = settings.service_monitor
    return settings.model_copy(
        update={
            "install": install,
            "prices_from": settings.prices_from or _prices(config.cloud, settings, pools),
            "service_monitor": has_operator(prometheus) if monitor is None else monitor,
        }
    )


def _installer(config: StackConfig, asked: PrometheusAddon | OpenCostAddon | None) -> OptionalInstall:
    if asked is not None and asked.install is not None:
        return asked.install
    is_asked_for = asked is not None and config.cloud is not Cloud.LOCAL
    return OptionalInstall.HELM if config.cloud in _BY_DEFAULT or is_asked_for else OptionalInstall.NONE


def _prices(cloud: Cloud, settings: OpenCostAddon, pools: Iterable[PoolPlan]) -> PriceSource:
    """Return whose prices are whole: Google tells none without a key, AWS none of spot without a feed.

    Source: opencost/opencost@v2.4.2 pkg/cloud/provider/provider.go, NewProvider; pkg/cloud/aws/provider.go, createNode.
    """
    has_spot = any(offer.capacity_type is CapacityType.SPOT for pool in pools for offer in pool.offers)
    is_whole = {
        Cloud.GKE: settings.cloud_key_secret is not None,
        Cloud.EXISTING: settings.cloud_key_secret is not None,
        Cloud.EKS: settings.spot_feed is not None or not has_spot,
        Cloud.LOCAL: False,
    }[cloud]
    return PriceSource.CLOUD if is_whole else PriceSource.STACK
