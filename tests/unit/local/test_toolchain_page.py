"""The page of Prometheus: built by npm from its module's sources, once, and only where there is npm."""

import pytest
from toolchain_builders import Heard, a_module_proxy, a_tool, a_workshop, an_executable, environment_with, real_go

from local.toolchain import prometheus_page
from local.toolchain.cache import log_file
from local.toolchain.specs import Asset
from mizan.errors import PlatformError

TOOL = a_tool("page", package=None, assets=(Asset("example.com/dep", "web/ui", "static"),))
NPM = """
with open({calls!r}, 'a') as file: file.write(' '.join(sys.argv[1:]) + '\\n')
assert open('package.json').read() == '{{}}' and not os.path.exists('../../Makefile')
os.makedirs('mantine-ui/dist/assets', exist_ok=True)
open('mantine-ui/dist/index.html', 'w').write('<html>')
open('mantine-ui/dist/assets/index.js', 'w').write('1')
{ending}
"""
# A module that comes from a proxy in a folder, into a cache of its own.
GO_MOD = "module mizan.test/page\n\ngo 1.26.0\n\nrequire example.com/dep v1.0.0\n"
MODULE = {
    "go.mod": "module example.com/dep\n\ngo 1.26.0\n",
    "dep.go": "package dep\n",
    "Makefile": "all:\n",
    "web/ui/package.json": "{}",
}


@pytest.fixture
def build(machine):
    """Build the page on a machine with Go, whose npm, if it has one, ends as `ending` says."""
    machine.tool("page", GO_MOD)
    proxy = machine.folder / "proxy"
    (machine.folder / "go" / "page" / "go.sum").write_text(a_module_proxy(proxy, MODULE))
    modules = machine.folder / "modules"
    settings = {"GOPROXY": proxy.as_uri(), "GOSUMDB": "off", "GOMODCACHE": str(modules), "GOFLAGS": "-modcacherw"}
    real_go(machine.bin)

    def build(ending=None, reporter=None):
        if ending is not None:
            an_executable(machine.bin / "npm", NPM.format(calls=str(machine.folder / "calls"), ending=ending))
        return prometheus_page(
            machine.cache,
            reporter or Heard(),
            environment_with(machine.bin, **settings),
            a_workshop(machine.folder),
            TOOL,
        )

    return build


def calls(machine):
    return (machine.folder / "calls").read_text().splitlines()


def test_the_page_is_built_from_the_module_s_sources_once(build, machine):
    folder = build("")
    assert sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()) == [
        "mantine-ui/assets/index.js",
        "mantine-ui/index.html",
    ]
    assert calls(machine) == [
        "ci --ignore-scripts --no-audit --no-fund",
        "run build -w @prometheus-io/lezer-promql",
        "run build -w @prometheus-io/codemirror-promql",
        "run build -w @prometheus-io/mantine-ui",
    ]
    assert build() == folder
    assert len(calls(machine)) == 4
    assert machine.entries == ["page"], "nothing of the build is left"


def test_a_page_that_somebody_changed_is_built_anew(build, machine):
    folder = build("")
    (folder / "mantine-ui" / "index.html").write_text("<html>changed")
    assert build() == folder
    assert (folder / "mantine-ui" / "index.html").read_text() == "<html>"
    assert len(calls(machine)) == 8


def test_without_npm_there_is_no_page_and_nothing_is_begun(build, machine):
    assert build() is None
    assert not machine.cache.exists()


def test_an_npm_that_fails_is_told_with_its_last_lines_and_leaves_nothing(build, machine):
    with pytest.raises(PlatformError) as told:
        build("print('npm error code E404', flush=True); sys.exit(1)")
    assert (
        "page: `npm ci --ignore-scripts --no-audit --no-fund` ended with status 1: npm error code E404; needs"
        in str(told.value)
    )
    assert str(log_file(machine.cache, TOOL)) in str(told.value)
    assert machine.entries == []
    assert len(calls(machine)) == 1
