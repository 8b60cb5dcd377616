"""What stands in for NVIDIA's charts in a rehearsal."""

from ruamel.yaml import YAML

from local.rehearse import nvidia_charts
from mizan import versions


def test_each_chart_has_nvidia_s_name_and_version_and_says_that_it_is_simulated(tmp_path):
    found = nvidia_charts.write(tmp_path)
    assert list(found) == ["gpu-operator", "dcgm-exporter"]
    charts = [YAML(typ="safe").load((folder / "Chart.yaml").read_text()) for folder in found.values()]
    assert [(chart["name"], chart["version"]) for chart in charts] == [
        ("gpu-operator", versions.GPU_OPERATOR),
        ("dcgm-exporter", versions.DCGM_EXPORTER),
    ]
    assert all(chart["description"].startswith("Simulated. ") for chart in charts)


def test_it_installs_nothing_but_its_own_values(tmp_path):
    for folder in nvidia_charts.write(tmp_path).values():
        (template,) = (folder / "templates").iterdir()
        text = template.read_text()
        assert text.count("kind:") == 1
        assert "kind: ConfigMap" in text
        assert "toYaml .Values" in text
