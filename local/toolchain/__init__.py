"""The tools of the embedded default: each from PATH, else from a per-user cache, else built from its Go module.

The parts, each using only those above it:

    versions   release numbers and ranges                                          (pure)
    specs      what each tool is: Go package, flags, build cost, files it brings   (data)
    estimate   time left and disk needed                                           (pure)
    plugin     a Pulumi plugin's version                                           (edge)
    locate     a tool on PATH or in Pulumi's plugin folder, and whether it fits    (edge)
    go         the Go installation and its environment                             (edge)
    disk       free space on every filesystem used                                 (edge)
    cache      sealed entries, keyed by everything that decides the executable     (edge)
    build      one `go build`: followed, ended, explained                          (edge)
    workshop   all missing tools built, one build at a time on a machine           (wiring)
    page       the page of Prometheus, built by npm where there is one             (wiring)
    toolbox    `ensure`: PATH, else cache, else build                              (wiring)
"""

from local.toolchain.build import BuildFailed, ChecksumMismatch, ModulesUnreachable
from local.toolchain.cache import default_cache
from local.toolchain.page import prometheus_page
from local.toolchain.specs import CLOUDS, TOOLS, Tool
from local.toolchain.toolbox import Origin, ReadyTool, Toolbox, ensure
from local.toolchain.workshop import Workshop

__all__ = [
    "CLOUDS",
    "TOOLS",
    "BuildFailed",
    "ChecksumMismatch",
    "ModulesUnreachable",
    "Origin",
    "ReadyTool",
    "Tool",
    "Toolbox",
    "Workshop",
    "default_cache",
    "ensure",
    "prometheus_page",
]
