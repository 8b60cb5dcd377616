"""Charts in the place of NVIDIA's, which only NVIDIA's own repositories have.

They install nothing. Each takes whatever values the program gives it and keeps them in the cluster, to be looked at.
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from local import files
from mizan import versions

CHARTS: Mapping[str, str] = MappingProxyType(
    {
        versions.GPU_OPERATOR_CHART: versions.GPU_OPERATOR,
        versions.DCGM_EXPORTER_CHART: versions.DCGM_EXPORTER,
    }
)

_CHART = """\
apiVersion: v2
name: {name}
version: {version}
description: Simulated. Stands in for NVIDIA's chart of this name in a rehearsal; installs nothing, keeps its values.
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


def write(folder: Path) -> dict[str, Path]:
    """Write the charts into a folder and return each by its name.

    Raises:
        PlatformError: a file cannot be written.
    """
    for name, version in CHARTS.items():
        files.write(folder / name / "Chart.yaml", _CHART.format(name=name, version=version))
        files.write(folder / name / "templates" / "values.yaml", _TEMPLATE)
    return {name: folder / name for name in CHARTS}
