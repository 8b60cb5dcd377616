"""How etcd and Kubernetes' own processes are run: functions from a site to a command line."""

import base64
from pathlib import Path

from local import files
from local.control_plane import pki
from local.control_plane.daemons import API_SERVER, CONTROLLER_MANAGER, ETCD, SCHEDULER, Site
from local.control_plane.ports import HOST
from local.control_plane.processes import Command
from mizan import keys
from mizan.manifests.packing import scheduler_configuration

SERVICE_RANGE = "10.96.0.0/16"


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
    arguments = (
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
    certificates = _files(site, "kube-apiserver", "etcd-client", "ca")
    return Command(API_SERVER.name, arguments, inputs=(*certificates, token_key, public_key))


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
