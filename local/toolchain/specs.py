"""What each tool is. Versions are pinned in go/<family>/go.mod; a test holds this table to them.

Source: CPU seconds (user + system) of a cold build in this order with Go 1.26.8 on 2 cores,
docs/adr/0004-tool-builds.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from local.toolchain.versions import Version, VersionRange
from mizan import versions

KUBERNETES_VERSION = "1.36.3"

PROMETHEUS_VERSION = "3.5.0"
KUBE_STATE_METRICS_VERSION = "2.18.0"

# Only a rehearsal needs it.
CLOUDS = "clouds"


@dataclass(frozen=True)
class PathVersion:
    """How a tool found on PATH tells its version, and which versions fit.

    Attributes:
        arguments: what makes the tool print its version; None asks a Pulumi plugin over its protocol.
        pattern: a regular expression whose group 1 is the version in that output.
        fits: the releases that can stand in for the pinned one.
    """

    arguments: tuple[str, ...] | None
    pattern: str
    fits: VersionRange


@dataclass(frozen=True)
class Asset:
    """Files that belong to a tool and live in one of its Go modules.

    Attributes:
        module: the Go module.
        source: a folder in that module.
        target: the folder of the cache entry that receives the files; several assets may share one.
    """

    module: str
    source: str
    target: str


@dataclass(frozen=True)
class Tool:
    """One executable, or files alone.

    Attributes:
        name: the executable's file name.
        family: the folder below go/ whose go.mod pins it; one per set of versions that belong together.
        package: the Go package of its main function; "." is the family's own main.go; None has none to build.
        version: the pinned release.
        module_version: the version of its Go module where that counts on its own, or None.
        cpu_seconds: what a cold build costs after the tools before it in TOOLS.
        tags: Go build tags.
        ldflags: flags for Go's linker.
        path_version: how a version on PATH is recognised; None never takes the tool from PATH.
        plugin_folder: the folder in Pulumi's plugins that holds this very version, or None.
        assets: files copied into the cache beside the executable, since Go's caches may be deleted later.
    """

    name: str
    family: str
    package: str | None
    version: str
    cpu_seconds: int
    tags: tuple[str, ...] = ()
    ldflags: str = "-s -w"
    module_version: str | None = None
    path_version: PathVersion | None = None
    plugin_folder: str | None = None
    assets: tuple[Asset, ...] = ()


def _stamp(variable: str, value: str) -> str:
    return f"-X {variable}={value}"


# Unstamped, the API server calls itself v0.0.0-master and clients refuse it.
_KUBERNETES_LDFLAGS = " ".join(
    ["-s -w"]
    + [
        _stamp(f"{package}.{variable}", value)
        for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
        for variable, value in (
            ("gitVersion", f"v{KUBERNETES_VERSION}"),
            ("gitMajor", "1"),
            ("gitMinor", "36"),
            ("gitTreeState", "clean"),
        )
    ]
)
_PROVIDER = versions.EMBEDDED_KUBERNETES_PROVIDER
_COMMON_VERSION = "github.com/prometheus/common/version.Version"
_KUBERNETES_TAGS = ("selinux", "notest", "grpcnotrace")
_SAME_MINOR = VersionRange(Version(1, 36, 0), Version(1, 37, 0))
_ONE_MINOR_OFF = VersionRange(Version(1, 35, 0), Version(1, 38, 0))


def _only(release: str) -> VersionRange:
    """Return the range of one release, given as its three numbers."""
    major, minor, patch = (int(part) for part in release.split("."))
    return VersionRange(Version(major, minor, patch), Version(major, minor, patch + 1))


def _kubernetes(name: str, cpu_seconds: int, path_version: PathVersion) -> Tool:
    return Tool(
        name=name,
        family="kube",
        package=f"k8s.io/kubernetes/cmd/{name}",
        version=KUBERNETES_VERSION,
        cpu_seconds=cpu_seconds,
        tags=_KUBERNETES_TAGS,
        ldflags=_KUBERNETES_LDFLAGS,
        path_version=path_version,
    )


def _prometheus(name: str, cpu_seconds: int) -> Tool:
    return Tool(
        name=name,
        family="prometheus",
        package=f"github.com/prometheus/prometheus/cmd/{name}",
        version=PROMETHEUS_VERSION,
        cpu_seconds=cpu_seconds,
        ldflags="-s -w " + _stamp(_COMMON_VERSION, PROMETHEUS_VERSION),
        module_version="0.305.0",
        path_version=PathVersion(
            ("--version",), rf"^{name}, version (\S+)", VersionRange(Version(3, 5, 0), Version(4, 0, 0))
        ),
    )


_SERVER = PathVersion(("--version",), r"^Kubernetes (\S+)", _SAME_MINOR)

_ALL = (
    Tool(
        name="etcd",
        family="etcd",
        package="go.etcd.io/etcd/server/v3",
        version="3.6.14",
        cpu_seconds=133,
        path_version=PathVersion(
            ("--version",), r"^etcd Version: (\S+)", VersionRange(Version(3, 6, 0), Version(3, 7, 0))
        ),
    ),
    _kubernetes("kube-apiserver", 565, _SERVER),
    _kubernetes("kube-controller-manager", 147, _SERVER),
    _kubernetes("kube-scheduler", 10, _SERVER),
    _kubernetes("kubectl", 49, PathVersion(("version", "--client"), r"^Client Version: (\S+)", _ONE_MINOR_OFF)),
    Tool(
        name="kueue",
        family="kube",
        package="sigs.k8s.io/kueue/cmd/kueue",
        version=versions.KUEUE,
        cpu_seconds=176,
        tags=_KUBERNETES_TAGS,
        # Its visibility API keeps a certificate in `/visibility` of its pod, which takes root to make elsewhere; a path
        # from the folder that it runs in does not.
        ldflags=_KUBERNETES_LDFLAGS
        + " "
        + _stamp("sigs.k8s.io/kueue/pkg/visibility.certDir", "state/kueue-visibility"),
        assets=(
            Asset("sigs.k8s.io/kueue", "config/components/crd/bases", "crds"),
            Asset("sigs.k8s.io/kueue", "config/components/webhook", "crds"),
            Asset("sigs.k8s.io/kueue", "charts/kueue", "chart"),
        ),
    ),
    Tool(
        name="kwok",
        family="kwok",
        package="sigs.k8s.io/kwok/cmd/kwok",
        version="0.8.0",
        cpu_seconds=242,
        path_version=PathVersion(
            ("--version",), r"^kwok version (\S+)", VersionRange(Version(0, 8, 0), Version(0, 9, 0))
        ),
    ),
    Tool(
        name="pulumi",
        family="pulumi",
        package="github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
        version="3.259.0",
        cpu_seconds=542,
        tags=("osusergo", "grpcnotrace"),
        ldflags="-s -w " + _stamp("github.com/pulumi/pulumi/sdk/v3/go/common/version.Version", "v3.259.0"),
        path_version=PathVersion(("version",), r"^(v?\d\S*)", VersionRange(Version(3, 259, 0), Version(4, 0, 0))),
    ),
    Tool(
        name="pulumi-resource-kubernetes",
        family="pulumi-kubernetes",
        package=".",
        version=_PROVIDER,
        cpu_seconds=1196,
        ldflags="-s -w "
        + _stamp("github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/version.Version", f"v{_PROVIDER}"),
        path_version=PathVersion(None, r"^(\S+)", _only(_PROVIDER)),
        plugin_folder=f"resource-kubernetes-v{_PROVIDER}",
    ),
    Tool(
        name="karpenter-kwok",
        family="karpenter",
        package=".",
        version="1.14.1",
        cpu_seconds=277,
        assets=(
            Asset("sigs.k8s.io/karpenter", "pkg/apis/crds", "crds"),
            Asset("sigs.k8s.io/karpenter", "kwok/apis/crds", "crds"),
        ),
    ),
    _prometheus("promtool", 254),
    _prometheus("prometheus", 10),
    Tool(
        name="kube-state-metrics",
        family="kube-state-metrics",
        package="k8s.io/kube-state-metrics/v2",
        version=KUBE_STATE_METRICS_VERSION,
        cpu_seconds=156,
        ldflags="-s -w " + _stamp(_COMMON_VERSION, f"v{KUBE_STATE_METRICS_VERSION}"),
        path_version=PathVersion(
            ("version",),
            r"^kube-state-metrics, version (\S+)",
            VersionRange(Version(2, 18, 0), Version(2, 19, 0)),
        ),
    ),
    # What the clouds' clusters have and the embedded one has not: Karpenter for AWS, queued nodes of GKE.
    Tool(
        name=CLOUDS,
        family="clouds",
        package=None,
        version=versions.KARPENTER,
        cpu_seconds=1,
        assets=(
            Asset("github.com/aws/karpenter-provider-aws", "charts/karpenter", "chart"),
            Asset("github.com/aws/karpenter-provider-aws", "charts/karpenter-crd", "crd-chart"),
            Asset("k8s.io/autoscaler/cluster-autoscaler/apis", "config/crd", "crds"),
        ),
    ),
)

TOOLS: Mapping[str, Tool] = MappingProxyType({tool.name: tool for tool in _ALL})
"""Every tool by name, in the order in which they are built."""
