"""Valid defaults for tests of the toolchain: a tiny Go module, a workshop for it, stand-ins for executables."""

import base64
import hashlib
import io
import os
import shutil
import stat
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace

from rich.console import Console

from local.progress import Reporter
from local.toolchain import Tool, Workshop, ensure
from local.toolchain.specs import PathVersion
from local.toolchain.versions import Version, VersionRange

GO = shutil.which("go") or "go"
PROGRAM = 'package main\n\nfunc main() { print("tiny at work") }\n'
TINY_VERSION = PathVersion(("--version",), r"^tiny (\S+)", VersionRange(Version(1, 2, 0), Version(1, 3, 0)))


class Heard(Reporter):
    """A reporter that remembers."""

    def __init__(self) -> None:
        self._text = io.StringIO()
        super().__init__(Console(file=self._text, width=10_000, force_terminal=False))

    @property
    def text(self) -> str:
        return self._text.getvalue()


def a_family(folder: Path, program: str = PROGRAM, go_mod: str = "") -> Path:
    """Write a Go module without dependencies into `folder`."""
    folder.mkdir(parents=True)
    (folder / "go.mod").write_text(go_mod or "module mizan.test/tiny\n\ngo 1.26.0\n")
    (folder / "main.go").write_text(program)
    return folder


def a_tool(name: str = "tiny", **changes: object) -> Tool:
    return Tool(**{"name": name, "family": name, "package": ".", "version": "1.2.3", "cpu_seconds": 60} | changes)


def a_workshop(folder: Path, *tools: Tool, **changes: object) -> Workshop:
    """A workshop in `folder` with plenty of disk and its own lock."""
    settings: dict[str, object] = {
        "tools": {tool.name: tool for tool in tools},
        "families": folder / "go",
        "lock": folder / "build.lock",
        "disk_usage": lambda _: SimpleNamespace(free=10**12),
        "cores": 2,
    }
    return Workshop(**settings | changes)


def environment_with(folder: Path, **settings: str) -> Mapping[str, str]:
    """The environment of a machine whose PATH is `folder`, with this machine's Go caches."""
    kept = {name: os.environ[name] for name in ("HOME", "GOCACHE", "GOMODCACHE", "TMPDIR") if name in os.environ}
    return kept | {"PATH": str(folder), "PULUMI_HOME": str(folder / "no-pulumi")} | settings


def an_executable(path: Path, body: str) -> Path:
    """Write a Python script; `body` may use sys, os and GO."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!{sys.executable} -I\nimport os, sys, time\nGO = {GO!r}\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def real_go(bin_folder: Path) -> Path:
    """Put the real Go on a PATH of one folder."""
    bin_folder.mkdir(parents=True, exist_ok=True)
    (bin_folder / "go").symlink_to(GO)
    return bin_folder


def scripted_go(bin_folder: Path, on_build: str) -> Path:
    """Put a Go there that runs `on_build` for every build, counts builds in BUILDS, and is the real one otherwise."""
    counter = bin_folder.parent / "builds"
    an_executable(
        bin_folder / "go",
        f"COUNTER = {str(counter)!r}\n"
        "def real(): os.execv(GO, [GO, *sys.argv[1:]])\n"
        "if sys.argv[1] != 'build': real()\n"
        "with open(COUNTER, 'a') as file: file.write('x')\n"
        "builds = os.path.getsize(COUNTER)\n"
        f"{on_build}",
    )
    return bin_folder


def builds_begun(bin_folder: Path) -> int:
    counter = bin_folder.parent / "builds"
    return counter.stat().st_size if counter.exists() else 0


def a_module_proxy(folder, files):
    """Publish example.com/dep v1.0.0 with `files`; return the go.sum that fits it."""
    versions = folder / "example.com" / "dep" / "@v"
    versions.mkdir(parents=True)
    (versions / "v1.0.0.info").write_text('{"Version": "v1.0.0"}')
    (versions / "v1.0.0.mod").write_text(files["go.mod"])
    with zipfile.ZipFile(versions / "v1.0.0.zip", "w") as archive:
        for name, text in files.items():
            archive.writestr(f"example.com/dep@v1.0.0/{name}", text)
    module = {f"example.com/dep@v1.0.0/{name}": text for name, text in files.items()}
    return f"example.com/dep v1.0.0 {h1(module)}\nexample.com/dep v1.0.0/go.mod {h1({'go.mod': files['go.mod']})}\n"


def h1(files):
    """Go's hash of a module. Source: https://go.dev/ref/mod#go-sum-files."""
    lines = [f"{hashlib.sha256(text.encode()).hexdigest()}  {name}\n" for name, text in sorted(files.items())]
    return "h1:" + base64.b64encode(hashlib.sha256("".join(lines).encode()).digest()).decode()


def output_of(executable: Path) -> str:
    return subprocess.run([executable], capture_output=True, check=True, timeout=20).stderr.decode()


class Machine:
    """A machine with the tiny tool's sources; PATH is its folder `bin`."""

    def __init__(self, folder):
        self.folder, self.cache, self.bin = folder, folder / "cache", folder / "bin"
        self.bin.mkdir()
        self.tools, self.changes, self.settings = [], {}, {}
        self.tool()

    def tool(self, name="tiny", go_mod="", program=None, **changes):
        """Add a tool with its family."""
        a_family(self.folder / "go" / name, go_mod=go_mod, **({"program": program} if program else {}))
        self.tools.append(a_tool(name, **changes))

    def ensure(self, *names, reporter=None):
        return ensure(
            names or ["tiny"],
            cache=self.cache,
            reporter=reporter or Heard(),
            environment=environment_with(self.bin, **self.settings),
            workshop=a_workshop(self.folder, *self.tools, **self.changes),
        )

    @property
    def entries(self):
        return sorted(path.name.rpartition("-")[0] or path.name for path in (self.cache / "tools").iterdir())
