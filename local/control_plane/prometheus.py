"""Prometheus: asks everybody who measures something, keeps the answers, follows rules."""

import http.client
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from lightkube import Client
from lightkube.models.authentication_v1 import TokenRequestSpec
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import ServiceAccountToken

from local import files
from local.control_plane import gpu_metrics, kube_state_metrics, pki, ports, scraping
from local.control_plane.daemons import API_SERVER, KUBE_STATE_METRICS, PROMETHEUS, Site
from local.control_plane.failures import Failures
from local.control_plane.ports import HOST
from local.control_plane.processes import Command
from local.control_plane.scraping import Manifest, Metrics, configuration, own_targets
from local.home import Home
from mizan import keys
from mizan.errors import PlatformError, SourceUnreachable

ACCOUNT, NAMESPACE = f"{keys.LOCAL_CONTEXT}-prometheus", "kube-system"
"""Who Prometheus is in the cluster."""

# Longer than anybody keeps a control plane without starting it again, which asks for a new one.
_TOKEN_SECONDS = 365 * 24 * 3600

# By job, the name of the port that is asked.
_PORTS = {
    "prometheus": PROMETHEUS.name,
    "kube-state-metrics": kube_state_metrics.OBJECTS_PORT,
    "kube-state-metrics-self": KUBE_STATE_METRICS.name,
    scraping.API_SERVER: API_SERVER.name,
    scraping.KUEUE: "kueue-metrics",
    "karpenter": "karpenter-metrics",
}
_RELOAD_SECONDS = 30.0

# May read /metrics and nothing else of the cluster. The role is Kubernetes' own.
# Source: k8s.io/kubernetes@v1.36.3 plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go, system:monitoring.
OBJECTS: tuple[Manifest, ...] = (
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
    {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": ACCOUNT, "namespace": NAMESPACE}},
    {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": ACCOUNT},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:monitoring"},
        "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": NAMESPACE}],
    },
)


def command(site: Site) -> Command:
    """Return Prometheus; what it is configured with is no input, since it reads that anew without a start."""
    folder, metrics = _folder(site.home), site.metrics or Metrics()
    arguments = (
        str(site.tools.path(PROMETHEUS.tool)),
        f"--config.file={_configuration_file(site.home)}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--storage.tsdb.retention.time={metrics.kept_days}d",
        f"--storage.tsdb.retention.size={metrics.kept_size}",
        f"--web.listen-address={HOST}:{site.ports[PROMETHEUS.name]}",
        "--web.enable-lifecycle",
        "--log.level=warn",
    )
    return Command(PROMETHEUS.name, arguments)


def address(home: Home) -> str | None:
    """Return where the Prometheus of `home` answers queries, or None before its first start."""
    port = ports.read(home.state / ports.FILE).get(PROMETHEUS.name)
    return f"http://{HOST}:{port}" if port else None


def write_files(site: Site, metrics: Metrics, *, has_kueue: bool) -> None:
    """Write the configuration and the rules; rules of an earlier start that are not among them go."""
    folder, rules = _folder(site.home), _rules(site.home)
    own = own_targets(
        {job: f"{HOST}:{site.ports[port]}" for job, port in _PORTS.items() if has_kueue or job != scraping.KUEUE},
        token_file=str(folder / "token"),
        authority_file=str(pki.certificate(site.home.pki, "ca")),
    )
    document = configuration(
        [*own, *gpu_metrics.targets(site, metrics.fleet), *metrics.targets],
        rules=str(rules / "*.yml"),
        scrape_seconds=metrics.scrape_seconds,
    )
    files.write(_configuration_file(site.home), files.to_yaml(document))
    for name, groups in metrics.rules.items():
        files.write(rules / f"{name}.yml", files.to_yaml(groups))
    for file in rules.glob("*.yml"):
        if file.stem not in metrics.rules:
            with files.writing(file, because="its rules would go on"):
                file.unlink()


def write_token(client: Client, site: Site) -> None:
    """Write a token with which Prometheus may read metrics, once OBJECTS are in the cluster."""
    spec = TokenRequestSpec(audiences=[], expirationSeconds=_TOKEN_SECONDS)
    wanted = ServiceAccountToken(metadata=ObjectMeta(), spec=spec)
    given = client.create(wanted, ACCOUNT, namespace=NAMESPACE)
    files.write(_folder(site.home) / "token", (given.status and given.status.token) or "")


def serve_page(home: Home, folder: Path) -> None:
    """Make the Prometheus of `home` serve its page from a folder; one that has a page in itself never looks there.

    It looks below the folder that it runs in, at every request; by that folder's name it tells a source tree.
    Source: github.com/prometheus/prometheus@v0.305.0 web/ui/ui.go.
    """
    below = {"prometheus": "web/ui", "web": "ui"}.get(home.root.resolve().name, "")
    link = home.root / below / "static"
    with files.writing(link, because="Prometheus serves its page from there"):
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(folder, target_is_directory=True)


def load(site: Site) -> bool:
    """Return whether Prometheus, which runs, had to read its configuration or rules anew.

    Raises:
        PlatformError: it refuses them and goes on with those it had.
        SourceUnreachable: it does not answer.
    """
    now = files.digest(_contents(site.home))
    loaded = _folder(site.home) / "loaded"
    with suppress(OSError):
        if loaded.read_text() == now:
            return False
    _reload(site)
    files.write(loaded, now)
    return True


def _reload(site: Site) -> None:
    connection = http.client.HTTPConnection(HOST, site.ports[PROMETHEUS.name], timeout=_RELOAD_SECONDS)
    try:
        connection.request("POST", "/-/reload")
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace").strip()
    except (OSError, http.client.HTTPException) as error:
        raise SourceUnreachable(
            PROMETHEUS.name,
            f"{type(error).__name__} while it was to read its rules anew: {error}",
            needs="an answer",
            because="it would go on with the rules that it has",
            fix="Run `make up` again",
            see=Failures(site.home).log(PROMETHEUS.name),
        ) from error
    finally:
        connection.close()
    if answer.status != http.client.OK:
        raise PlatformError(
            PROMETHEUS.name,
            f"HTTP {answer.status} {text}",
            needs="a configuration and rules that it can read",
            because="it goes on with those that it had",
            fix=f"Mend what its log says of the files in {_rules(site.home)}",
            see=Failures(site.home).log(PROMETHEUS.name),
        )


def _contents(home: Home) -> Iterator[str | bytes]:
    yield _configuration_file(home).read_bytes()
    for file in sorted(_rules(home).glob("*.yml")):
        yield file.name
        yield file.read_bytes()


def _folder(home: Home) -> Path:
    return home.state / "prometheus"


def _rules(home: Home) -> Path:
    return _folder(home) / "rules"


def _configuration_file(home: Home) -> Path:
    return _folder(home) / "prometheus.yml"
