"""How etcd and Kubernetes' own processes are run: functions from a site to a command line."""

import base64
import sys
from pathlib import Path

from local import files
from local.control_plane import egress, pki
from local.control_plane.daemons import API_SERVER, CONTROLLER_MANAGER, ETCD, SCHEDULER, SERVICE_PROXY, Site
from local.control_plane.ports import HOST
from local.control_plane.processes import Command
from mizan import keys
from mizan.manifests.packing import scheduler_configuration

SERVICE_RANGE = "10.96.0.0/16"

# Kueue's chart has roles that are made of others. While a release of it is taken away, this controller may write such a
# role just after its deletion and so make it anew, and Helm then waits in vain until all are gone.
# Source: k8s.io/kubernetes@v1.36.3 pkg/controller/clusterroleaggregation, applyClusterRoles.
_WITHOUT_AGGREGATED_ROLES = ("--controllers=*,-clusterrole-aggregation-controller",)


def etcd(site: Site) -> Command:
    """Return etcd, closed to whoever has no certificate: who reads it reads every secret of the cluster."""
    client, peer = _https(site.ports["etcd"]), _https(site.ports["etcd-peer"])
    folder = site.home.pki
    authority = str(pki.certificate(folder, "ca"))
    pair = _pair(site, "etcd", "--cert-file", "--key-file")
    peer_pair = _pair(site, "etcd", "--peer-cert-file", "--peer-key-file")
    arguments = (
        str(site.tools.path(ETCD.tool)),
        "--name=mizan",
        f"--data-dir={site.home.state / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=mizan={peer}",
        "--client-cert-auth",
        f"--trusted-ca-file={authority}",
        *pair,
        "--peer-client-cert-auth",
        f"--peer-trusted-ca-file={authority}",
        *peer_pair,
        # A killed process loses nothing by it: the kernel still has what it wrote. Only a power cut would.
        "--unsafe-no-fsync",
        "--log-level=warn",
    )
    return Command(ETCD.name, arguments, inputs=_files(site, "etcd", "ca"))


def api_server(site: Site) -> Command:
    """Return the API server."""
    folder = site.home.pki
    token_key, public_key = (half(folder, pki.SERVICE_ACCOUNT_KEY) for half in (pki.private_key, pki.public_key))
    arguments: tuple[str, ...] = (
        str(site.tools.path(API_SERVER.tool)),
        f"--etcd-servers={_https(site.ports['etcd'])}",
        f"--etcd-cafile={pki.certificate(folder, 'ca')}",
        *_pair(site, "etcd-client", "--etcd-certfile", "--etcd-keyfile"),
        f"--bind-address={HOST}",
        f"--secure-port={site.ports['kube-apiserver']}",
        *_pair(site, "kube-apiserver", "--tls-cert-file", "--tls-private-key-file"),
        f"--client-ca-file={pki.certificate(folder, 'ca')}",
        "--authorization-mode=RBAC",
        "--allow-privileged=true",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={public_key}",
        f"--service-account-signing-key-file={token_key}",
        f"--service-cluster-ip-range={SERVICE_RANGE}",
        # No pod really runs, so nobody needs the `kubernetes` service; without these a machine that has no network but
        # loopback could not start.
        f"--advertise-address={HOST}",
        "--endpoint-reconciler-type=none",
        "--profiling=false",
    )
    inputs = (*_files(site, "kube-apiserver", "etcd-client", "ca"), token_key, public_key)
    if site.installs_kueue:
        arguments = (*arguments, *_reaching_services(site))
        others = _files(site, "front-proxy", "front-proxy-ca", "service-proxy-client")
        inputs = (*inputs, site.egress_configuration, *others)
    return Command(API_SERVER.name, arguments, inputs=inputs)


def service_proxy(site: Site) -> Command:
    """Return what stands in for the network of Services; it serves the API server alone."""
    script, folder = Path(egress.__file__), site.home.pki
    served = (pki.certificate(folder, "service-proxy"), pki.private_key(folder, "service-proxy"))
    arguments = (site.ports[SERVICE_PROXY.name], site.service_routes, *served, pki.certificate(folder, "ca"))
    return Command(
        SERVICE_PROXY.name,
        (sys.executable, "-I", str(script), *(str(argument) for argument in arguments)),
        inputs=(script, *_files(site, "service-proxy", "ca")),
    )


def controller_manager(site: Site) -> Command:
    """Return the controller manager."""
    token_key = pki.private_key(site.home.pki, pki.SERVICE_ACCOUNT_KEY)
    arguments = (
        str(site.tools.path(CONTROLLER_MANAGER.tool)),
        *_controller(site, CONTROLLER_MANAGER.name),
        f"--service-account-private-key-file={token_key}",
        f"--root-ca-file={pki.certificate(site.home.pki, 'ca')}",
        # The job controller makes 9 pods a second by default, over 60 so. Source: docs/adr/0001.
        "--kube-api-qps=300",
        "--kube-api-burst=500",
        *(_WITHOUT_AGGREGATED_ROLES if site.installs_kueue else ()),
    )
    return Command(CONTROLLER_MANAGER.name, arguments, inputs=(*_controller_files(site), token_key))


def scheduler(site: Site) -> Command:
    """Return the scheduler; it packs GPU pods as its configuration file says."""
    arguments = (
        str(site.tools.path(SCHEDULER.tool)),
        f"--config={site.scheduler_configuration}",
        *_serving(site, SCHEDULER.name),
    )
    return Command(SCHEDULER.name, arguments, inputs=(*_controller_files(site), site.scheduler_configuration))


def write_scheduler_configuration(site: Site) -> None:
    """Write the scheduler's configuration, which holds what its flags cannot say, and those that it replaces."""
    files.write(site.scheduler_configuration, files.to_yaml(scheduler_configuration(str(site.home.kubeconfig))))


def write_egress_configuration(site: Site) -> None:
    """Write how the API server reaches webhooks, conversions and APIs that name a Service: by the service proxy.

    With TLS, and not only to keep others out: an API server whose proxy has a URL with http:// ends in a panic.
    Source: k8s.io/apiserver@v0.36.3 pkg/server/egressselector/egress_selector.go, getTLSConfig.
    """
    folder = site.home.pki
    certificates = {
        "caBundle": str(pki.certificate(folder, "ca")),
        "clientCert": str(pki.certificate(folder, "service-proxy-client")),
        "clientKey": str(pki.private_key(folder, "service-proxy-client")),
    }
    tcp = {"url": _https(site.ports[SERVICE_PROXY.name]), "tlsConfig": certificates}
    connection = {"proxyProtocol": "HTTPConnect", "transport": {"tcp": tcp}}
    document = {
        "apiVersion": "apiserver.k8s.io/v1beta1",
        "kind": "EgressSelectorConfiguration",
        "egressSelections": [{"name": "cluster", "connection": connection}],
    }
    files.write(site.egress_configuration, files.to_yaml(document))


def kubeconfig(site: Site) -> dict[str, object]:
    """Return the administrator's kubeconfig with everything inside, so that it can be copied as one file."""
    name, folder = keys.LOCAL_CONTEXT, site.home.pki
    authority, holder, key = (
        base64.b64encode(file.read_bytes()).decode()
        for file in (pki.certificate(folder, "ca"), pki.certificate(folder, "admin"), pki.private_key(folder, "admin"))
    )
    server = _https(site.ports["kube-apiserver"])
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "clusters": [{"name": name, "cluster": {"server": server, "certificate-authority-data": authority}}],
        "users": [{"name": name, "user": {"client-certificate-data": holder, "client-key-data": key}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
    }


def _reaching_services(site: Site) -> tuple[str, ...]:
    """Return the flags by which the API server reaches Services, and proves itself to the APIs behind them.

    Source: https://kubernetes.io/docs/tasks/extend-kubernetes/configure-aggregation-layer/ (2026-11-23).
    """
    return (
        f"--egress-selector-config-file={site.egress_configuration}",
        f"--requestheader-client-ca-file={pki.certificate(site.home.pki, 'front-proxy-ca')}",
        "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        *_pair(site, "front-proxy", "--proxy-client-cert-file", "--proxy-client-key-file"),
    )


def _controller(site: Site, name: str) -> tuple[str, ...]:
    return (f"--kubeconfig={site.home.kubeconfig}", "--leader-elect=false", *_serving(site, name), "--profiling=false")


def _serving(site: Site, name: str) -> tuple[str, ...]:
    return (
        f"--bind-address={HOST}",
        f"--secure-port={site.ports[name]}",
        *_pair(site, "controllers", "--tls-cert-file", "--tls-private-key-file"),
    )


def _controller_files(site: Site) -> tuple[Path, ...]:
    return (site.home.kubeconfig, *_files(site, "controllers"))


def _https(port: int) -> str:
    return f"https://{HOST}:{port}"


def _pair(site: Site, name: str, certificate_flag: str, key_flag: str) -> tuple[str, str]:
    folder = site.home.pki
    return f"{certificate_flag}={pki.certificate(folder, name)}", f"{key_flag}={pki.private_key(folder, name)}"


def _files(site: Site, *names: str) -> tuple[Path, ...]:
    return tuple(pki.certificate(site.home.pki, name) for name in names)
