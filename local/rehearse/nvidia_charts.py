"""Charts in the place of those that only their owners' repositories have: NVIDIA's, and those of monitoring.

They install nothing. Each takes whatever values the program gives it and keeps them in the cluster, to be looked at.
That of Prometheus brings the kinds that its operator would know, so that the program's monitors and rules are taken.
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from local import files
from mizan import versions

_PROMETHEUS = versions.KUBE_PROMETHEUS_STACK_CHART.rpartition("/")[2]

CHARTS: Mapping[str, str] = MappingProxyType(
    {
        versions.GPU_OPERATOR_CHART: versions.GPU_OPERATOR,
        versions.DCGM_EXPORTER_CHART: versions.DCGM_EXPORTER,
        _PROMETHEUS: versions.KUBE_PROMETHEUS_STACK,
        versions.OPENCOST_CHART: versions.OPENCOST,
    }
)

_CHART = """\
apiVersion: v2
name: {name}
version: {version}
description: Simulated. Stands in for the chart of this name in a rehearsal; installs nothing, keeps its values.
"""

_TEMPLATE = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Chart.Name }}-values
  namespace: {{ .Release.Namespace }}
  annotations:
    mizan.dev/simulated: "true"
data:
  values.yaml: |
    {{- toYaml .Values | nindent 4 }}
"""

# Of group monitoring.coreos.com, whatever is in them.
_KINDS = ("PodMonitor", "PrometheusRule", "ServiceMonitor")
_CRD = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: {plural}.monitoring.coreos.com
spec:
  group: monitoring.coreos.com
  scope: Namespaced
  names: {{kind: {kind}, plural: {plural}}}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema: {{type: object, x-kubernetes-preserve-unknown-fields: true}}
"""


def write(folder: Path) -> dict[str, Path]:
    """Write the charts into a folder and return each by its name.

    Raises:
        PlatformError: a file cannot be written.
    """
    for name, version in CHARTS.items():
        files.write(folder / name / "Chart.yaml", _CHART.format(name=name, version=version))
        files.write(folder / name / "templates" / "values.yaml", _TEMPLATE)
    for kind in _KINDS:
        plural = f"{kind.lower()}s"
        files.write(folder / _PROMETHEUS / "crds" / f"{plural}.yaml", _CRD.format(kind=kind, plural=plural))
    return {name: folder / name for name in CHARTS}
