"""Real `go build`s of a tiny module without dependencies: what is built, where it lies, why it cannot be built.

What comes from other modules: test_toolchain_modules.py. What a build shows meanwhile: test_toolchain_progress.py.
"""

import dataclasses
from types import SimpleNamespace

import pytest
from toolchain_builders import (
    TINY_VERSION,
    Heard,
    a_workshop,
    an_executable,
    builds_begun,
    output_of,
    real_go,
    scripted_go,
)

from local.toolchain import BuildFailed, Origin, ensure
from mizan.errors import PlatformError


def test_a_tool_is_built_once_and_then_taken_from_the_cache_without_go(machine):
    scripted_go(machine.bin, "real()")
    reporter = Heard()
    built = machine.ensure(reporter=reporter)
    assert built.tools["tiny"].origin is Origin.BUILT
    assert output_of(built.path("tiny")) == "tiny at work"
    assert "Building tiny from Go modules, once: less than a minute on 2 cores, 19 GB of disk" in reporter.text
    assert "tiny 1.2.3 built in" in reporter.text

    (machine.bin / "go").unlink()
    again = machine.ensure()
    assert again.tools["tiny"].origin is Origin.CACHE
    assert again.path("tiny") == built.path("tiny")
    assert builds_begun(machine.bin) == 1


def test_what_nothing_asks_for_is_not_built(machine):
    real_go(machine.bin)
    machine.tool("idle")
    machine.ensure("tiny")
    assert machine.entries == ["tiny"]


def test_no_tool_asked_for_means_no_work_at_all(machine):
    nothing = ensure([], cache=machine.cache, reporter=Heard(), environment={}, workshop=a_workshop(machine.folder))
    assert nothing.tools == {}
    assert not nothing.has_language_host
    assert not machine.cache.exists()


def test_an_unknown_tool_is_refused_by_name(machine):
    with pytest.raises(ValueError, match="unknown tools: hammer; known are tiny"):
        machine.ensure("hammer")


def test_a_misfit_on_path_is_named_and_the_pinned_version_built(machine):
    real_go(machine.bin)
    machine.tools = [dataclasses.replace(machine.tools[0], path_version=TINY_VERSION)]
    misfit = an_executable(machine.bin / "tiny", "print('tiny v0.9.0')")
    reporter = Heard()
    assert machine.ensure(reporter=reporter).tools["tiny"].origin is Origin.BUILT
    assert f"{misfit} is not used: it is 0.9.0; needs 1.2.0 or newer, below 1.3.0" in reporter.text


def test_missing_go_is_told_with_the_tools_that_need_it(machine):
    message = (
        r"go: not found on PATH; needs Go 1\.26\.0 or newer because no fitting version of tiny is on PATH or in the "
        r"cache, so it must be built\. Install Go, or put these tools on PATH\."
    )
    with pytest.raises(PlatformError, match=message):
        machine.ensure()


def test_go_too_old_is_told_with_both_versions(machine):
    facts = '{"GOVERSION": "go1.22.5", "GOCACHE": "/c", "GOMODCACHE": "/m"}'
    an_executable(machine.bin / "go", f"print('{facts}')")
    message = r"bin/go: Go 1\.22\.5; needs Go 1\.26\.0 or newer .*Install a newer Go and put it first on PATH"
    with pytest.raises(PlatformError, match=message):
        machine.ensure()


def test_a_go_that_does_not_run_is_told(machine):
    an_executable(machine.bin / "go", "sys.exit(2)")
    with pytest.raises(PlatformError, match=r"bin/go: `go env` does not work .*; needs a working Go"):
        machine.ensure()


def test_a_full_disk_is_told_before_anything_is_built(machine):
    scripted_go(machine.bin, "real()")
    machine.changes["disk_usage"] = lambda _: SimpleNamespace(free=3 * 10**9)
    with pytest.raises(PlatformError, match=r"3\.0 GB free; needs .* GB because .*Free some space"):
        machine.ensure()
    assert builds_begun(machine.bin) == 0


def test_a_corrupted_entry_is_named_and_built_again(machine):
    real_go(machine.bin)
    executable = machine.ensure().path("tiny")
    executable.write_bytes(executable.read_bytes()[:-1])
    reporter = Heard()
    again = machine.ensure(reporter=reporter)
    entry = executable.parent.parent
    fault = f"tiny: its cache entry {entry} is corrupted (bin/tiny does not match its sha256); it is built again"
    assert reporter.text.count(fault) == 1
    assert output_of(again.path("tiny")) == "tiny at work"
    assert machine.entries == ["tiny"]


def test_a_failing_build_shows_its_last_lines_its_log_and_how_to_go_on(machine):
    real_go(machine.bin)
    machine.tool("broken", program="package main\n\nfunc main() { hammer() }\n")
    log = machine.cache / "logs" / "broken.log"
    message = (
        r"(?s)broken: `go build` ended with status 1; needs a build without errors .*run the same command again: "
        rf"finished tools are kept and Go goes on where it stopped\. See {log}\n.*main\.go:3:15: undefined: hammer"
    )
    with pytest.raises(BuildFailed, match=message):
        machine.ensure("tiny", "broken")
    assert "undefined: hammer" in log.read_text()
    assert machine.entries == ["tiny"]

    (machine.folder / "go" / "broken" / "main.go").write_text("package main\n\nfunc main() {}\n")
    mended = machine.ensure("tiny", "broken")
    assert {name: tool.origin for name, tool in mended.tools.items()} == {"tiny": Origin.CACHE, "broken": Origin.BUILT}
