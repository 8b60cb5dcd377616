"""The pure part: the table of tools, time left, disk needed, what Go's output means."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from toolchain_builders import a_tool

from local.toolchain import TOOLS, BuildFailed, ChecksumMismatch, ModulesUnreachable, Workshop
from local.toolchain.build import Order, activity, explain
from local.toolchain.disk import check_disk
from local.toolchain.estimate import GB, Pace, disk_bytes, duration, seconds_left
from local.toolchain.go import BUILD_SETTINGS, Go, Target, build_environment, go_needed
from local.toolchain.versions import Version
from mizan import versions
from mizan.errors import PlatformError

ORDER = Order(a_tool(), Path("go/tiny"), Path("tiny"), Path("logs/tiny.log"), {})


@pytest.mark.parametrize("tool", TOOLS.values(), ids=TOOLS)
def test_every_tool_is_pinned_in_its_family_at_the_version_the_table_says(tool):
    family = Workshop().family(tool)
    pins = re.findall(r"^(?:require )?\s*(\S+) v(\d+\.\d+\.\d+)\b", (family / "go.mod").read_text(), re.MULTILINE)
    assert (tool.module_version or tool.version) in {version for _, version in pins}
    assert (family / "go.sum").is_file()
    assert tool.package != "." or (family / "main.go").is_file()


def test_versions_that_others_rely_on_are_those_that_are_built():
    kube, provider = (Workshop().families / name for name in ("kube", "pulumi-kubernetes"))
    assert f"\tsigs.k8s.io/kueue v{versions.KUEUE} " in (kube / "go.mod").read_text()
    assert f'"version":"{versions.EMBEDDED_KUBERNETES_PROVIDER}"' in (provider / "main.go").read_text()
    assert f"pulumi-kubernetes/sdk/v4 v{versions.EMBEDDED_KUBERNETES_PROVIDER}" in (provider / "go.mod").read_text()
    prometheus = (Workshop().families / "prometheus" / "go.mod").read_text()
    assert TOOLS["prometheus"].module_version == TOOLS["promtool"].module_version == "0.305.0"
    assert "\tgithub.com/prometheus/prometheus v0.305.0 " in prometheus
    assert TOOLS["kueue"].version == versions.KUEUE
    assert TOOLS["pulumi-resource-kubernetes"].version == versions.EMBEDDED_KUBERNETES_PROVIDER


@pytest.mark.parametrize("tool", TOOLS.values(), ids=TOOLS)
def test_the_pinned_version_would_itself_fit_on_path(tool):
    major, minor, patch = map(int, tool.version.split("."))
    assert tool.path_version is None or Version(major, minor, patch) in tool.path_version.fits


def test_karpenter_s_charts_are_those_of_the_version_that_is_installed_on_eks():
    clouds = TOOLS["clouds"]
    assert clouds.version == versions.KARPENTER
    assert {asset.target for asset in clouds.assets} == {"chart", "crd-chart", "crds"}


def test_the_first_estimate_is_the_measured_cpu_time_over_the_cores():
    assert seconds_left(Pace(cores=2), a_tool(cpu_seconds=600), 0, [a_tool(cpu_seconds=1200)]) == 900


def test_elapsed_time_shortens_the_estimate_of_the_current_tool_only():
    assert seconds_left(Pace(cores=2), a_tool(cpu_seconds=600), 100, [a_tool(cpu_seconds=1200)]) == 800


def test_a_tool_that_is_late_is_not_said_to_be_done():
    assert seconds_left(Pace(cores=2), a_tool(cpu_seconds=600), 9_999, []) == 30


def test_a_slow_machine_lengthens_the_estimate_and_a_fast_one_shortens_it():
    def left(wall_seconds):
        pace = Pace(cores=2).after(a_tool(cpu_seconds=600), wall_seconds)
        return seconds_left(pace, a_tool(cpu_seconds=600), 0, [])

    assert left(100) < left(300) == 300 < left(900)


def test_tools_that_came_from_a_warm_cache_do_not_promise_wonders():
    pace = Pace(cores=2).after(a_tool(cpu_seconds=3_000), wall_seconds=1)
    assert seconds_left(pace, a_tool(cpu_seconds=600), 0, []) == 150


@pytest.mark.parametrize(
    ("seconds", "text"), [(5, "less than a minute"), (100, "about 2 min"), (1_750, "about 29 min")]
)
def test_durations_are_said_in_minutes(seconds, text):
    assert duration(seconds) == text


def test_all_tools_need_19_gb_and_a_few_need_their_share_but_never_less_than_2_gb():
    every = list(TOOLS.values())
    assert disk_bytes(every, every) == 19 * GB
    assert disk_bytes([TOOLS["pulumi-resource-kubernetes"]], every) == pytest.approx(6.0 * GB, rel=0.05)
    assert disk_bytes([TOOLS["kube-scheduler"]], every) == 2 * GB


def a_go(folder):
    return Go("go", build_cache=folder / "build", module_cache=folder / "modules")


def test_a_full_disk_stops_the_build_with_the_folder_and_the_space_needed(tmp_path):
    message = (
        rf"{tmp_path}: 9\.3 GB free; needs 15\.0 GB because Go keeps modules and compiled packages .*"
        "Free some space, or set GOCACHE, GOMODCACHE and MIZAN_CACHE to folders on a larger disk"
    )
    with pytest.raises(PlatformError, match=message):
        check_disk(a_go(tmp_path), tmp_path / "cache", 15 * GB, lambda _: SimpleNamespace(free=9_300_000_000))


def test_each_filesystem_is_asked_for_its_own_part(tmp_path):
    elsewhere = Path("/dev/shm")
    if not elsewhere.exists() or elsewhere.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("one filesystem only")
    go = Go("go", build_cache=tmp_path / "build", module_cache=elsewhere / "modules")
    free = {tmp_path: 11 * GB, elsewhere: 4 * GB}
    with pytest.raises(PlatformError, match=r"/dev/shm: 4\.0 GB free; needs 4\.7 GB"):
        check_disk(go, tmp_path, 15 * GB, lambda folder: SimpleNamespace(free=free[folder]))


def test_go_must_be_as_new_as_the_newest_go_mod_asks_and_at_least_1_26():
    assert go_needed(["module a\n\ngo 1.26.0\n", "module b\n\ngo 1.26.6\n"]) == Version(1, 26, 6)
    assert go_needed(["module old\n\ngo 1.21\n"]) == Version(1, 26, 0)
    assert go_needed([]) == Version(1, 26, 0)


def test_a_build_keeps_the_users_go_settings_and_decides_the_rest():
    user = {
        "GOPROXY": "off",
        "GOSUMDB": "off",
        "GOCACHE": "/c",
        "GOMODCACHE": "/m",
        "GOFLAGS": "-mod=vendor",
        "GOOS": "plan9",
    }
    built_with = build_environment(user, Target("linux", "amd64"), Path("/work"))
    assert {name: built_with[name] for name in ("GOPROXY", "GOSUMDB", "GOCACHE", "GOMODCACHE")} == {
        name: user[name] for name in ("GOPROXY", "GOSUMDB", "GOCACHE", "GOMODCACHE")
    }
    assert built_with["GOFLAGS"] == "-trimpath -buildvcs=false"
    assert (built_with["GOOS"], built_with["GOARCH"]) == ("linux", "amd64")
    assert {
        "GOWORK": "off",
        "GOTOOLCHAIN": "local",
        "CGO_ENABLED": "0",
        "GOGC": "400",
    }.items() <= BUILD_SETTINGS.items()


@pytest.mark.parametrize(
    ("line", "step"),
    [
        ("go: downloading k8s.io/api v0.36.3", "downloading k8s.io/api v0.36.3"),
        ("k8s.io/apiserver/pkg/server", "compiling k8s.io/apiserver/pkg/server"),
        ("gopkg.in/yaml.v3", "compiling gopkg.in/yaml.v3"),
        ("runtime", "compiling runtime"),
        ("# mizan.test/tiny", None),
        ("./main.go:3:1: undefined: x", None),
        ("", None),
    ],
)
def test_lines_of_go_become_steps(line, step):
    assert activity(line) == step


@pytest.mark.parametrize(
    ("output", "error", "message"),
    [
        (
            "verifying example.com/dep@v1.0.0: checksum mismatch\nSECURITY ERROR\n",
            ChecksumMismatch,
            r"tiny: verifying example\.com/dep@v1\.0\.0: checksum mismatch; needs the very modules .*Do not build on",
        ),
        (
            "verifying x: checksum mismatch\nread: i/o timeout\n",
            ChecksumMismatch,
            "tiny: verifying x: checksum mismatch",
        ),
        (
            'go: example.com/dep@v1.0.0: Get "https://example.com": dial tcp: i/o timeout\n',
            ModulesUnreachable,
            r"tiny: modules could not be downloaded, twice: .*i/o timeout; .*Check the network and `go env GOPROXY`",
        ),
        (
            "write /cache/a: no space left on device\n",
            BuildFailed,
            r"tiny: the disk filled up while it was built; .*Free disk space and run the same command again",
        ),
        (
            "./main.go:3:1: undefined: x\n",
            BuildFailed,
            r"(?s)tiny: `go build` ended with status 1; .*See logs/tiny\.log\n.*\n  \./main\.go:3:1: undefined: x$",
        ),
    ],
)
def test_each_kind_of_failure_is_told_apart(output, error, message):
    with pytest.raises(error, match=message):
        raise explain(ORDER, 1, output)


def test_only_the_last_lines_are_shown():
    error = explain(ORDER, 1, "\n".join(f"line {number}" for number in range(100)))
    assert "line 84" not in str(error)
    assert str(error).endswith("line 99")
