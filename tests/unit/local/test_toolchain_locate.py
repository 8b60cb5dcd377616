"""What counts as a tool that the machine already has. No Go, no build."""

import dataclasses

import pytest
from toolchain_builders import TINY_VERSION, Heard, a_tool, a_workshop, an_executable, environment_with

from local.toolchain import TOOLS, Origin, ensure
from local.toolchain.locate import in_plugin_folder, judge, on_path, search_folders
from local.toolchain.versions import Version, parse_version

TINY = a_tool(path_version=TINY_VERSION)


@pytest.fixture
def look(tmp_path):
    """Return what is found of TINY when PATH holds a script with the given body."""

    def find(body):
        an_executable(tmp_path / "bin" / "tiny", body)
        environment = environment_with(tmp_path / "bin")
        return on_path(TINY, search_folders(environment, tmp_path / "cache"), environment)

    return find


def test_a_fitting_version_on_path_is_taken(look, tmp_path):
    found = look("print('tiny v1.2.9')")
    assert (found.path, found.version, found.misfit) == (tmp_path / "bin" / "tiny", "1.2.9", None)


@pytest.mark.parametrize(
    ("body", "misfit"),
    [
        ("print('tiny v1.3.0')", "is 1.3.0; needs 1.2.0 or newer, below 1.3.0"),
        ("print('tiny v1.1.9')", "is 1.1.9; needs 1.2.0 or newer, below 1.3.0"),
        ("print('tiny v1.2.3-rc.1')", "shows 'v1.2.3-rc.1', which is not a release"),
        ("print('tiny latest')", "shows 'latest', which is not a release"),
        ("print('Tiny, the tool')", "shows no version (it printed 'Tiny, the tool')"),
        ("pass", "shows no version (it printed 'nothing')"),
        ("print('tiny v1.2.3'); sys.exit(3)", "does not tell its version (exit status 3)"),
    ],
)
def test_anything_else_on_path_is_refused_with_the_reason(look, body, misfit):
    assert look(body).misfit == misfit


def test_a_tool_that_hangs_when_asked_is_refused(look, monkeypatch):
    monkeypatch.setattr("local.toolchain.locate._PROBE_TIMEOUT_SECONDS", 0.2)
    assert look("time.sleep(60)").misfit == "does not tell its version (no answer within 0 s)"


def test_a_file_that_cannot_run_is_refused(look, tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "tiny").write_bytes(b"\x7fELF, but not really")
    (tmp_path / "bin" / "tiny").chmod(0o755)
    environment = environment_with(tmp_path / "bin")
    found = on_path(TINY, [tmp_path / "bin"], environment)
    assert "Exec format error" in found.misfit


@pytest.mark.parametrize(
    ("name", "output", "fits"),
    [
        ("etcd", "etcd Version: 3.6.14\nGit SHA: Not provided\n", True),
        ("etcd", "etcd Version: 3.5.21\nGit SHA: a17edfd\n", False),
        ("etcd", "etcd Version: 3.7.0\n", False),
        ("kube-apiserver", "Kubernetes v1.36.0\n", True),
        ("kube-apiserver", "Kubernetes v1.36.3-eks-5c1b8d2\n", True),
        ("kube-scheduler", "Kubernetes v1.35.9\n", False),
        ("kube-controller-manager", "Kubernetes v0.0.0-master+$Format:%H$\n", False),
        ("kubectl", "Client Version: v1.36.3\nKustomize Version: v5.8.1\n", True),
        ("kubectl", "Client Version: v1.35.0\n", True),
        ("kubectl", "Client Version: v1.37.4\n", True),
        ("kubectl", "Client Version: v1.34.9\n", False),
        ("kubectl", "Client Version: v1.38.0\n", False),
        ("kubectl", 'Client Version: version.Info{Major:"1", Minor:"36"}\n', False),
        ("kwok", "kwok version v0.8.0 go1.26.8 (linux/amd64)\n", True),
        ("kwok", "kwok version v0.7.0 go1.24.1 (linux/amd64)\n", False),
        ("pulumi", "v3.259.0\n", True),
        ("pulumi", "warning: A new version is available\nv3.300.1\n", True),
        ("pulumi", "v3.258.9\n", False),
        ("pulumi", "v3.260.0-alpha.x1\n", False),
        ("pulumi", "v4.0.0\n", False),
        ("prometheus", "prometheus, version 3.5.0 (branch: HEAD, revision: 8be3a9560f)\n", True),
        ("prometheus", "prometheus, version 3.9.1 (branch: HEAD, revision: 9ec59baffb)\n", True),
        ("prometheus", "prometheus, version 3.4.2 (branch: HEAD, revision: b392caf256)\n", False),
        ("prometheus", "prometheus, version 2.42.0+ds (branch: debian/sid, revision: 2.42.0+ds-5)\n", False),
        ("prometheus", "prometheus, version 4.0.0 (branch: HEAD, revision: 0)\n", False),
        ("prometheus", "prometheus, version  (branch: , revision: unknown)\n", False),
        ("promtool", "promtool, version 3.5.0 (branch: , revision: unknown)\n", True),
        ("promtool", "prometheus, version 3.5.0 (branch: , revision: unknown)\n", False),
        ("kube-state-metrics", "kube-state-metrics, version v2.18.0 (branch: , revision: unknown)\n", True),
        ("kube-state-metrics", "kube-state-metrics, version v2.18.3 (branch: , revision: unknown)\n", True),
        ("kube-state-metrics", "kube-state-metrics, version v2.19.0 (branch: , revision: unknown)\n", False),
        ("kube-state-metrics", "kube-state-metrics, version v2.17.0 (branch: , revision: unknown)\n", False),
        ("pulumi-resource-kubernetes", "v4.25.0", True),
        ("pulumi-resource-kubernetes", "4.25.0", True),
        ("pulumi-resource-kubernetes", "4.25.1", False),
        ("pulumi-resource-kubernetes", "4.24.0", False),
    ],
)
def test_each_tool_fits_only_near_the_pinned_version(tmp_path, name, output, fits):
    assert (judge(tmp_path, TOOLS[name].path_version, output).misfit is None) is fits


@pytest.mark.parametrize("name", ["kueue", "karpenter-kwok"])
def test_tools_that_bring_their_own_files_never_come_from_path(tmp_path, name):
    an_executable(tmp_path / name, "print('v9.9.9')")
    assert on_path(TOOLS[name], [tmp_path], environment_with(tmp_path)) is None


def test_the_folders_of_this_project_on_path_are_passed_over(tmp_path):
    home, cache = tmp_path / "home", tmp_path / "cache"
    folders = f"{home / 'bin'}:{cache / 'tools' / 'x' / 'bin'}:{tmp_path / 'usr'}:"
    environment = environment_with(tmp_path, PATH=folders, MIZAN_HOME=str(home))
    assert search_folders(environment, cache) == (tmp_path / "usr",)


def test_the_plugin_that_pulumi_installed_at_the_exact_version_is_taken(tmp_path):
    provider = TOOLS["pulumi-resource-kubernetes"]
    folder = tmp_path / "plugins" / "resource-kubernetes-v4.25.0"
    executable = an_executable(folder / provider.name, "pass")
    environment = environment_with(tmp_path / "empty", PULUMI_HOME=str(tmp_path))
    assert in_plugin_folder(provider, environment).path == executable
    folder.with_name(f"{folder.name}.partial").touch()
    assert in_plugin_folder(provider, environment) is None


def test_a_plugin_of_another_version_is_not_taken(tmp_path):
    provider = TOOLS["pulumi-resource-kubernetes"]
    an_executable(tmp_path / "plugins" / "resource-kubernetes-v4.26.0" / provider.name, "pass")
    assert in_plugin_folder(provider, environment_with(tmp_path, PULUMI_HOME=str(tmp_path))) is None


def test_a_provider_that_prints_no_port_is_refused(tmp_path):
    provider = TOOLS["pulumi-resource-kubernetes"]
    an_executable(tmp_path / provider.name, "print('usage: provider ENGINE')")
    found = on_path(provider, [tmp_path], environment_with(tmp_path))
    assert found.misfit == "does not tell its version (it printed 'usage: provider ENGINE' instead of a port)"


def test_tools_from_path_need_neither_go_nor_the_cache(tmp_path):
    an_executable(tmp_path / "bin" / "tiny", "print('tiny 1.2.3')")
    reporter = Heard()
    toolbox = ensure(
        ["tiny"],
        cache=tmp_path / "cache",
        reporter=reporter,
        environment=environment_with(tmp_path / "bin"),
        workshop=a_workshop(tmp_path, TINY),
    )
    assert toolbox.path("tiny") == tmp_path / "bin" / "tiny"
    assert toolbox.tools["tiny"].origin is Origin.PATH
    assert not (tmp_path / "cache").exists()
    assert reporter.text == ""


@pytest.mark.parametrize("has_host", [True, False])
def test_the_language_host_beside_a_pulumi_from_path_is_recorded(tmp_path, has_host):
    pulumi = dataclasses.replace(TINY, name="pulumi", family="pulumi")
    an_executable(tmp_path / "opt" / "pulumi", "print('tiny 1.2.3')")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "pulumi").symlink_to(tmp_path / "opt" / "pulumi")
    if has_host:
        an_executable(tmp_path / "opt" / "pulumi-language-python", "pass")
    toolbox = ensure(
        ["pulumi"],
        cache=tmp_path / "cache",
        reporter=Heard(),
        environment=environment_with(tmp_path / "bin"),
        workshop=a_workshop(tmp_path, pulumi),
    )
    assert toolbox.has_language_host is has_host
    assert toolbox.language_host == (tmp_path / "opt" / "pulumi-language-python" if has_host else None)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("v1.36.3", Version(1, 36, 3)),
        (" 3.6.14\n", Version(3, 6, 14)),
        ("v1.32.4-dispatcher", Version(1, 32, 4)),
        ("v1.36.3+k3s1", Version(1, 36, 3)),
        ("v1.36.3-beta.0", None),
        ("v3.259.0-dev.0", None),
        ("v1.36", None),
        ("", None),
        ("1.36.3.4", None),
    ],
)
def test_only_releases_are_versions(text, version):
    assert parse_version(text) == version
