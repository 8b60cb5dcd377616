"""Go modules on their way into a tool: a network that fails, checksums that do not match, CRDs copied out."""

import dataclasses
from errno import ENOSPC
from os import strerror

import pytest
from toolchain_builders import a_module_proxy, builds_begun, output_of, real_go, scripted_go

from local.toolchain import ChecksumMismatch, ModulesUnreachable
from local.toolchain.specs import Asset
from mizan.errors import PlatformError

NETWORK_FAILURE = "print('go: dep@v1.0.0: Get: dial tcp: i/o timeout', flush=True); sys.exit(1)"


def test_a_network_failure_is_tried_once_more(machine):
    scripted_go(machine.bin, f"if builds == 1: {NETWORK_FAILURE}\nreal()")
    assert output_of(machine.ensure().path("tiny")) == "tiny at work"
    assert builds_begun(machine.bin) == 2


def test_a_network_failure_that_stays_is_told(machine):
    scripted_go(machine.bin, NETWORK_FAILURE)
    with pytest.raises(ModulesUnreachable, match=r"tiny: modules could not be downloaded, twice: .*i/o timeout"):
        machine.ensure()
    assert builds_begun(machine.bin) == 2


def test_a_checksum_mismatch_is_not_tried_again_even_when_the_network_failed_too(machine):
    failure = "print('verifying dep@v1.0.0: checksum mismatch', flush=True)"
    scripted_go(machine.bin, f"{failure}\n{NETWORK_FAILURE}")
    with pytest.raises(ChecksumMismatch, match=r"tiny: verifying dep@v1\.0\.0: checksum mismatch"):
        machine.ensure()
    assert builds_begun(machine.bin) == 1


@pytest.fixture
def with_dependency(machine):
    """The machine with a tool `user` whose module, and CRD, come from a module proxy in a folder."""
    go_mod = "module mizan.test/user\n\ngo 1.26.0\n\nrequire example.com/dep v1.0.0\n"
    program = 'package main\n\nimport "example.com/dep"\n\nfunc main() { dep.Work() }\n'
    machine.tool("user", go_mod, program, assets=(Asset("example.com/dep", "config/crd", "crds"),))
    proxy = machine.folder / "proxy"
    go_sum = a_module_proxy(
        proxy,
        {
            "go.mod": "module example.com/dep\n\ngo 1.26.0\n",
            "dep.go": 'package dep\n\nfunc Work() { print("dep at work") }\n',
            "config/crd/things.yaml": "kind: CustomResourceDefinition\n",
        },
    )
    (machine.folder / "go" / "user" / "go.sum").write_text(go_sum)
    modules = machine.folder / "modules"
    machine.settings |= {"GOPROXY": proxy.as_uri(), "GOSUMDB": "off", "GOMODCACHE": str(modules)}
    return machine


def test_crds_are_copied_out_of_the_module_and_outlive_gos_caches(with_dependency):
    real_go(with_dependency.bin)
    with_dependency.ensure("user")
    with_dependency.settings["GOMODCACHE"] = "/nowhere"
    (with_dependency.bin / "go").unlink()
    toolbox = with_dependency.ensure("user")
    assert output_of(toolbox.path("user")) == "dep at work"
    assert [path.name for path in toolbox.crds("user").iterdir()] == ["things.yaml"]
    with pytest.raises(LookupError, match="user brings no chart"):
        toolbox.chart("user")


def test_a_checksum_mismatch_stops_everything_at_once(with_dependency):
    scripted_go(with_dependency.bin, "real()")
    with_dependency.tool("later")
    go_sum = with_dependency.folder / "go" / "user" / "go.sum"
    go_sum.write_text(go_sum.read_text().replace("v1.0.0 h1:", "v1.0.0 h1:AAAA", 1))
    message = r"user: verifying example\.com/dep@v1\.0\.0: checksum mismatch; needs the very modules .*Do not build on"
    with pytest.raises(ChecksumMismatch, match=message):
        with_dependency.ensure("user", "later")
    assert builds_begun(with_dependency.bin) == 1
    assert with_dependency.entries == []


@pytest.mark.parametrize("call", ["shutil.copyfile", "pathlib.Path.rename"])
def test_a_disk_that_is_full_once_go_is_done_is_told_and_leaves_no_half_entry(with_dependency, monkeypatch, call):
    def full(*_):
        raise OSError(ENOSPC, strerror(ENOSPC))

    real_go(with_dependency.bin)
    monkeypatch.setattr(call, full)
    with pytest.raises(PlatformError) as told:
        with_dependency.ensure("user")
    assert str(told.value) == (
        f"{with_dependency.cache}: cannot be written (No space left on device); needs free space on its disk because "
        "built tools are kept there. Free disk space and run the same command again."
    )
    assert with_dependency.entries == []


def test_a_module_without_the_expected_files_is_told(with_dependency):
    real_go(with_dependency.bin)
    user = dataclasses.replace(with_dependency.tools[-1], assets=(Asset("example.com/dep", "moved/crd", "crds"),))
    with_dependency.tools[-1] = user
    with pytest.raises(PlatformError, match=r"moved/crd: holds no file; needs the files of user"):
        with_dependency.ensure("user")
    assert with_dependency.entries == []


def test_files_alone_are_fetched_without_a_build(with_dependency):
    scripted_go(with_dependency.bin, "real()")
    with_dependency.tool("files", package=None, assets=with_dependency.tools[-1].assets)
    user, files = (with_dependency.folder / "go" / name for name in ("user", "files"))
    (files / "main.go").unlink()
    for name in ("go.mod", "go.sum"):
        (files / name).write_text((user / name).read_text())
    toolbox = with_dependency.ensure("files")
    assert toolbox.path("files") == toolbox.crds("files").parent
    assert [path.name for path in toolbox.crds("files").iterdir()] == ["things.yaml"]
    (with_dependency.bin / "go").unlink()
    assert with_dependency.ensure("files").path("files") == toolbox.path("files")
    with pytest.raises(LookupError, match="files brings no crd-chart"):
        toolbox.crd_chart("files")


def test_files_that_are_not_those_that_were_pinned_are_refused(with_dependency):
    scripted_go(with_dependency.bin, "real()")
    with_dependency.tool("files", package=None, assets=with_dependency.tools[-1].assets)
    user, files = (with_dependency.folder / "go" / name for name in ("user", "files"))
    (files / "go.mod").write_text((user / "go.mod").read_text())
    (files / "go.sum").write_text((user / "go.sum").read_text().replace("v1.0.0 h1:", "v1.0.0 h1:AAAA", 1))
    with pytest.raises(ChecksumMismatch, match=r"files: verifying example\.com/dep@v1\.0\.0: checksum mismatch"):
        with_dependency.ensure("files")
