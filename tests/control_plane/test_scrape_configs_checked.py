"""What Prometheus itself says of the files that tell it how to read exporters, and of rules beside them."""

import json
import subprocess

import pytest

from mizan.cli.metrics_files import write_metrics_files
from tests.gke_stacks import a_gke_plan
from tests.monitoring_stacks import EXTERNAL, elsewhere, on_eks, on_gke
from tests.sharing_stacks import TURNS, a_sharing_stack

PLANS = {
    "gke": on_gke(),
    "eks": on_eks(),
    "existing": elsewhere(EXTERNAL),
    "shared": a_gke_plan(a_sharing_stack("gke", TURNS)),
}


def checked(promtool, file, *options):
    return subprocess.run(
        [promtool, "check", "config", *options, str(file)], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("case", PLANS)
def test_prometheus_takes_the_files_beside_its_own(promtool, case, tmp_path):
    write_metrics_files(PLANS[case], tmp_path)
    # JSON is YAML. Kueue's token is in a pod alone, so that only the syntax of its file is checked here.
    own = tmp_path / "prometheus.yml"
    own.write_text(json.dumps({"scrape_config_files": ["scrape/*.yaml"], "rule_files": ["rules/*.yaml"]}))
    done = checked(promtool, own, "--syntax-only")
    assert done.returncode == 0, done.stdout + done.stderr
    for file in sorted((tmp_path / "scrape").iterdir()):
        done = checked(promtool, file, *(["--syntax-only"] if file.name.startswith("kueue-") else []))
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_file_of_the_dcgm_exporter_holds_outside_of_a_pod_with_the_rules(promtool, tmp_path):
    write_metrics_files(on_gke(), tmp_path)
    own = tmp_path / "prometheus.yml"
    own.write_text(json.dumps({"scrape_config_files": ["scrape/dcgm-exporter-*.yaml"], "rule_files": ["rules/*.yaml"]}))
    done = checked(promtool, own)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 rule files found" in done.stdout
