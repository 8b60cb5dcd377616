"""What stands in for charts in a rehearsal that only their owners' repositories have."""

from ruamel.yaml import YAML

from local.rehearse import nvidia_charts
from mizan import versions


def test_each_chart_has_its_owner_s_name_and_version_and_says_that_it_is_simulated(tmp_path):
    found = nvidia_charts.write(tmp_path)
    assert list(found) == ["gpu-operator", "dcgm-exporter", "kube-prometheus-stack", "opencost"]
    charts = [YAML(typ="safe").load((folder / "Chart.yaml").read_text()) for folder in found.values()]
    assert [(chart["name"], chart["version"]) for chart in charts] == [
        ("gpu-operator", versions.GPU_OPERATOR),
        ("dcgm-exporter", versions.DCGM_EXPORTER),
        ("kube-prometheus-stack", versions.KUBE_PROMETHEUS_STACK),
        ("opencost", versions.OPENCOST),
    ]
    assert all(chart["description"].startswith("Simulated. ") for chart in charts)


def test_it_installs_nothing_but_its_own_values(tmp_path):
    for folder in nvidia_charts.write(tmp_path).values():
        (template,) = (folder / "templates").iterdir()
        text = template.read_text()
        assert text.count("kind:") == 1
        assert "kind: ConfigMap" in text
        assert "toYaml .Values" in text


def test_prometheus_brings_the_kinds_that_the_program_writes(tmp_path):
    folder = nvidia_charts.write(tmp_path)["kube-prometheus-stack"]
    found = [YAML(typ="safe").load(file.read_text()) for file in sorted((folder / "crds").iterdir())]
    assert [body["metadata"]["name"] for body in found] == [
        "podmonitors.monitoring.coreos.com",
        "prometheusrules.monitoring.coreos.com",
        "servicemonitors.monitoring.coreos.com",
    ]
    assert {body["spec"]["versions"][0]["name"] for body in found} == {"v1"}
