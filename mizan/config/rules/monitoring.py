"""Rules about Prometheus and OpenCost: settings are of what is there, and nothing is asked that cannot answer."""

from collections.abc import Iterator

from mizan import versions
from mizan.config.faults import ConfigFault
from mizan.config.models import Cloud, OptionalInstall, PriceSource
from mizan.config.part import Part
from mizan.config.rules.versions import supported

# What only the one who installs them decides.
_OF_PROMETHEUS_S_INSTALLER = (
    *("chart", "version", "retentionDays", "storageGib", "storageClass", "slack", "grafanaSecret"),
)
_OF_OPENCOST_S_INSTALLER = ("chart", "version", "pricesFrom", "cloudKeySecret", "spotFeed", "serviceMonitor")
# What tells where somebody else's Prometheus is.
_OF_A_PROMETHEUS_THAT_IS_THERE = ("url", "headersSecret", "clusterLabel", "rulesInCluster")

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
        yield _of_another_cloud(
            key, key.text or "", "a cluster on GKE", "Google's prices alone are asked for with a key"
        )
    if feed.value is not None and cloud != Cloud.EKS:
        yield _of_another_cloud(feed, "a feed of spot", "`cloud: eks`", "AWS alone has such a feed")
    if prices.text == PriceSource.STACK:
        for given, seen in ((key, key.text), (feed, "a feed of spot")):
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
                f"settings of {name}" if part.is_mapping else part.value,
                needs=f"`install: {needs}`",
                because="nothing else reads it, and an ignored setting would silently do nothing",
                fix=f"Remove `{name}`, or write `install: {needs}`",
            )


def _of_another_cloud(part: Part, seen: str, needs: str, because: str) -> ConfigFault:
    return ConfigFault(part.path, seen, needs=needs, because=because, fix=f"Remove `{part.path[-1]}`")


def _prometheus(stack: Part) -> Part:
    return stack["addons"]["prometheus"]


def _opencost(stack: Part) -> Part:
    return stack["addons"]["opencost"]
